import type { Command } from '../command.js';
import { askreneAge } from './askrene-age.js';
import { askreneBiasChannel } from './askrene-bias-channel.js';
import { askreneBiasNode } from './askrene-bias-node.js';
import { askreneCreateChannel } from './askrene-create-channel.js';
import { askreneCreateLayer } from './askrene-create-layer.js';
import { askreneDisableNode } from './askrene-disable-node.js';
import { askreneInformChannel } from './askrene-inform-channel.js';
import { askreneListlayers } from './askrene-listlayers.js';
import { askreneListreservations } from './askrene-listreservations.js';
import { askreneRemoveChannelUpdate } from './askrene-remove-channel-update.js';
import { askreneRemoveLayer } from './askrene-remove-layer.js';
import { askreneReserve } from './askrene-reserve.js';
import { askreneUnreserve } from './askrene-unreserve.js';
import { askreneUpdateChannel } from './askrene-update-channel.js';
import { check } from './check.js';
import { checkmessage } from './checkmessage.js';
import { close } from './close.js';
import { connect } from './connect.js';
import { createonion } from './createonion.js';
import { decode } from './decode.js';
import { delconstraints } from './delconstraints.js';
import { delinvoice } from './delinvoice.js';
import { delpay } from './delpay.js';
import { disconnect } from './disconnect.js';
import { emergencyrecover } from './emergencyrecover.js';
import { feerates } from './feerates.js';
import { fundchannel } from './fundchannel.js';
import { fundpsbt, utxopsbt } from './fundpsbt.js';
import { getinfo } from './getinfo.js';
import { getlog } from './getlog.js';
import { getroute } from './getroute.js';
import { getroutes } from './getroutes.js';
import { help } from './help.js';
import { informchannel } from './informchannel.js';
import { invoice } from './invoice.js';
import { keysend } from './keysend.js';
import { listchannels } from './listchannels.js';
import { listconfigs } from './listconfigs.js';
import { listconstraints } from './listconstraints.js';
import { listforwards } from './listforwards.js';
import { listfunds } from './listfunds.js';
import { listhtlcs } from './listhtlcs.js';
import { listinvoices } from './listinvoices.js';
import { listnodes } from './listnodes.js';
import { listpays } from './listpays.js';
import { listpeerchannels } from './listpeerchannels.js';
import { listpeers } from './listpeers.js';
import { listsendpays } from './listsendpays.js';
import { listtransactions } from './listtransactions.js';
import { multifundchannel } from './multifundchannel.js';
import { newaddr } from './newaddr.js';
import { notifications } from './notifications.js';
import { pay } from './pay.js';
import { paystatus } from './paystatus.js';
import { ping } from './ping.js';
import { recoverchannel } from './recoverchannel.js';
import { reserveinputs } from './reserveinputs.js';
import { sendonion } from './sendonion.js';
import { sendpay } from './sendpay.js';
import { sendpsbt } from './sendpsbt.js';
import { setchannel } from './setchannel.js';
import { signmessage } from './signmessage.js';
import { signpsbt } from './signpsbt.js';
import { staticbackup } from './staticbackup.js';
import { stop } from './stop.js';
import { txdiscard } from './txdiscard.js';
import { txprepare } from './txprepare.js';
import { txsend } from './txsend.js';
import { unreserveinputs } from './unreserveinputs.js';
import { wait } from './wait.js';
import { waitanyinvoice } from './waitanyinvoice.js';
import { waitinvoice } from './waitinvoice.js';
import { waitsendpay } from './waitsendpay.js';
import { withdraw } from './withdraw.js';
import { xpay } from './xpay.js';

/** Every command of the daemon, in alphabetical order: one import and one line each. */
export const commands: readonly Command[] = [
  askreneAge,
  askreneBiasChannel,
  askreneBiasNode,
  askreneCreateChannel,
  askreneCreateLayer,
  askreneDisableNode,
  askreneInformChannel,
  askreneListlayers,
  askreneListreservations,
  askreneRemoveChannelUpdate,
  askreneRemoveLayer,
  askreneReserve,
  askreneUnreserve,
  askreneUpdateChannel,
  check,
  checkmessage,
  close,
  connect,
  createonion,
  decode,
  delconstraints,
  delinvoice,
  delpay,
  disconnect,
  emergencyrecover,
  feerates,
  fundchannel,
  fundpsbt,
  getinfo,
  getlog,
  getroute,
  getroutes,
  help,
  informchannel,
  invoice,
  keysend,
  listchannels,
  listconfigs,
  listconstraints,
  listforwards,
  listfunds,
  listhtlcs,
  listinvoices,
  listnodes,
  listpays,
  listpeerchannels,
  listpeers,
  listsendpays,
  listtransactions,
  multifundchannel,
  newaddr,
  notifications,
  pay,
  paystatus,
  ping,
  recoverchannel,
  reserveinputs,
  sendonion,
  sendpay,
  sendpsbt,
  setchannel,
  signmessage,
  signpsbt,
  staticbackup,
  stop,
  txdiscard,
  txprepare,
  txsend,
  unreserveinputs,
  utxopsbt,
  wait,
  waitanyinvoice,
  waitinvoice,
  waitsendpay,
  withdraw,
  xpay,
];
