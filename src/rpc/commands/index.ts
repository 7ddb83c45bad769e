import type { Command } from '../command.js';
import { check } from './check.js';
import { checkmessage } from './checkmessage.js';
import { close } from './close.js';
import { connect } from './connect.js';
import { disconnect } from './disconnect.js';
import { fundchannel } from './fundchannel.js';
import { getinfo } from './getinfo.js';
import { getlog } from './getlog.js';
import { help } from './help.js';
import { listconfigs } from './listconfigs.js';
import { listforwards } from './listforwards.js';
import { listhtlcs } from './listhtlcs.js';
import { listpeerchannels } from './listpeerchannels.js';
import { listpeers } from './listpeers.js';
import { notifications } from './notifications.js';
import { ping } from './ping.js';
import { setchannel } from './setchannel.js';
import { signmessage } from './signmessage.js';
import { stop } from './stop.js';
import { wait } from './wait.js';

/** Every command of the daemon, in alphabetical order: one import and one line each. */
export const commands: readonly Command[] = [
  check,
  checkmessage,
  close,
  connect,
  disconnect,
  fundchannel,
  getinfo,
  getlog,
  help,
  listconfigs,
  listforwards,
  listhtlcs,
  listpeerchannels,
  listpeers,
  notifications,
  ping,
  setchannel,
  signmessage,
  stop,
  wait,
];
