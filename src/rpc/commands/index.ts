import type { Command } from '../command.js';
import { addpsbtoutput } from './addpsbtoutput.js';
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
import { createinvoice } from './createinvoice.js';
import { createonion } from './createonion.js';
import { datastore } from './datastore.js';
import { datastoreusage } from './datastoreusage.js';
import { decode } from './decode.js';
import { delconstraints } from './delconstraints.js';
import { deldatastore } from './deldatastore.js';
import { delforward } from './delforward.js';
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
import { listclosedchannels } from './listclosedchannels.js';
import { listconfigs } from './listconfigs.js';
import { listconstraints } from './listconstraints.js';
import { listdatastore } from './listdatastore.js';
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
import { makesecret } from './makesecret.js';
import { multifundchannel } from './multifundchannel.js';
import { newaddr } from './newaddr.js';
import { notifications } from './notifications.js';
import { parsefeerate } from './parsefeerate.js';
import { pay } from './pay.js';
import { paystatus } from './paystatus.js';
import { ping } from './ping.js';
import { plugin } from './plugin.js';
import { preapproveinvoice } from './preapproveinvoice.js';
import { preapprovekeysend } from './preapprovekeysend.js';
import { recoverchannel } from './recoverchannel.js';
import { reserveinputs } from './reserveinputs.js';
import { sendcustommsg } from './sendcustommsg.js';
import { sendonion } from './sendonion.js';
import { sendpay } from './sendpay.js';
import { sendpsbt } from './sendpsbt.js';
import { setchannel } from './setchannel.js';
import { setconfig } from './setconfig.js';
import { signinvoice } from './signinvoice.js';
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
  addpsbtoutput,
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
  createinvoice,
  createonion,
  datastore,
  datastoreusage,
  decode,
  deldatastore,
  delconstraints,
  delforward,
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
  listclosedchannels,
  listconfigs,
  listconstraints,
  listdatastore,
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
  makesecret,
  multifundchannel,
  newaddr,
  notifications,
  parsefeerate,
  pay,
  paystatus,
  ping,
  plugin,
  preapproveinvoice,
  preapprovekeysend,
  recoverchannel,
  reserveinputs,
  sendcustommsg,
  sendonion,
  sendpay,
  sendpsbt,
  setchannel,
  setconfig,
  signinvoice,
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
