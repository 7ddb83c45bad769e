/** Announcements whose funding output was looked up in vain: not asked for again in this block. */
import { type ShortChannelId, toHex } from '../bytes/index.js';
import type { MessageOf } from '../wire/index.js';
import { fundingScriptOf } from './stored.js';

type ChannelAnnouncement = MessageOf<'channelAnnouncement'>;

const MOST_CHANNELS = 10_000;
const MOST_SCRIPTS = 8;

export class Refusals {
  /** The scripts that the output does not pay to; none: there is no unspent output at all. */
  readonly #scripts = new Map<ShortChannelId, string[]>();

  /** With `exists` only who names the same keys is refused: another may tell the truth. */
  add(message: ChannelAnnouncement, exists: boolean): void {
    const { shortChannelId: scid } = message;
    const scripts = this.#scripts.get(scid);
    if (scripts === undefined && this.#scripts.size >= MOST_CHANNELS) return;
    if (!exists) this.#scripts.set(scid, []);
    else if (scripts === undefined) this.#scripts.set(scid, [toHex(fundingScriptOf(message))]);
    else if (scripts.length < MOST_SCRIPTS) scripts.push(toHex(fundingScriptOf(message)));
  }

  has(message: ChannelAnnouncement): boolean {
    const scripts = this.#scripts.get(message.shortChannelId);
    if (scripts === undefined) return false;
    return scripts.length === 0 || scripts.includes(toHex(fundingScriptOf(message)));
  }

  hasChannel(scid: ShortChannelId): boolean {
    return this.#scripts.has(scid);
  }

  clear(): void {
    this.#scripts.clear();
  }
}
