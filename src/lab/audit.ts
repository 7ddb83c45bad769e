import { txid } from '../core/bitcoin/index.js';
import { type Bytes, shownHash } from '../core/bytes/index.js';
import type { LabChain } from './chain/index.js';
import type { LabNode } from './node.js';

/** What of the lab is audited. */
interface Audited {
  readonly nodes: readonly LabNode[];
  readonly ground: LabChain;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of many shapes, as `Lab.rpc` answers it
  rpc(node: LabNode, method: string): Promise<any>;
}

/** Where all the money is, in satoshi unless named otherwise. */
export interface Audit {
  /** What `fund` gave to the nodes. */
  readonly putIn: bigint;
  /** By node: what its wallet says it has. */
  readonly wallets: Readonly<Record<string, bigint>>;
  /** By node: its share of its channels, with what it has offered and is under way, in millisatoshi. */
  readonly channelsMsat: Readonly<Record<string, bigint>>;
  /** Amounts of HTLCs under way, in millisatoshi. */
  readonly inFlightMsat: bigint;
  /** Outputs of open channels' funding transactions. */
  readonly channels: bigint;
  /** What the transactions of the nodes paid to be mined. */
  readonly fees: bigint;
  /** Outputs on chain that no wallet and no open channel holds yet: closes being settled. */
  readonly unresolved: bigint;
}

interface RpcChannel {
  readonly peer_id: string;
  readonly channel_id: string;
  readonly state: string;
  readonly funding_txid: string;
  readonly funding_outnum: number;
  readonly to_us_msat: number;
  readonly total_msat: number;
  readonly htlcs: readonly { readonly amount_msat: number; readonly direction: 'in' | 'out' }[];
}

interface Side {
  readonly node: LabNode;
  readonly channel: RpcChannel;
}

interface Books {
  readonly wallets: Map<string, { node: LabNode; sat: bigint }>;
  readonly channels: Map<string, Side[]>;
}

const OPEN = new Set(['CHANNELD_NORMAL', 'CHANNELD_SHUTTING_DOWN', 'CLOSINGD_SIGEXCHANGE']);

class Missing extends Error {
  constructor(what: string) {
    super(`the books are wrong: ${what}`);
  }
}

export async function audit(lab: Audited, putIn: bigint): Promise<Audit> {
  const books = await readBooks(lab);
  const { fees, unspent } = await chainOf(lab.ground);
  let wallets = 0n;
  for (const [outpoint, { node, sat }] of books.wallets) {
    if (unspent.get(outpoint) !== sat)
      throw new Missing(
        `${node.name} holds ${sat} at ${outpoint}, the chain ${unspent.get(outpoint)}`,
      );
    unspent.delete(outpoint);
    wallets += sat;
  }
  let channels = 0n;
  let inFlightMsat = 0n;
  for (const [outpoint, sides] of books.channels) {
    const capacity = unspent.get(outpoint);
    if (capacity === undefined) throw new Missing(`channel ${outpoint} is open and spent`);
    inFlightMsat += checkChannel(outpoint, sides, capacity);
    unspent.delete(outpoint);
    channels += capacity;
  }
  const unresolved = [...unspent.values()].reduce((sum, amount) => sum + amount, 0n);
  const total = wallets + channels + fees + unresolved;
  if (total !== putIn) throw new Missing(`${putIn} sat were put in, ${total} are there`);
  return { putIn, ...shares(lab, books), inFlightMsat, channels, fees, unresolved };
}

async function readBooks(lab: Audited): Promise<Books> {
  const books: Books = { wallets: new Map(), channels: new Map() };
  for (const node of lab.nodes) {
    if (!node.running) throw new Error(`audit: ${node.name} is not running`);
    const { outputs } = await lab.rpc(node, 'listfunds');
    for (const { txid, output, amount_msat, status } of outputs) {
      if (status === 'spent') continue;
      const outpoint = `${txid}:${output}`;
      if (books.wallets.has(outpoint)) throw new Missing(`two wallets hold ${outpoint}`);
      books.wallets.set(outpoint, { node, sat: BigInt(amount_msat) / 1000n });
    }
    const { channels } = await lab.rpc(node, 'listpeerchannels');
    for (const channel of channels as RpcChannel[]) {
      if (!OPEN.has(channel.state)) continue;
      const outpoint = `${channel.funding_txid}:${channel.funding_outnum}`;
      const sides = books.channels.get(outpoint) ?? [];
      sides.push({ node, channel });
      books.channels.set(outpoint, sides);
    }
  }
  return books;
}

/** Both sides of a channel agree on it, to the millisatoshi. Answers what is under way in it. */
function checkChannel(outpoint: string, sides: readonly Side[], capacity: bigint): bigint {
  const [a, b] = sides;
  if (!a || !b) throw new Missing(`only ${a?.node.name} knows of channel ${outpoint}`);
  const sum = (amounts: readonly number[]): bigint =>
    amounts.reduce((total, amount) => total + BigInt(amount), 0n);
  const inFlight = [a, b].map(({ channel }) => sum(channel.htlcs.map((h) => h.amount_msat)));
  if (inFlight[0] !== inFlight[1])
    throw new Missing(`${a.node.name} and ${b.node.name} differ on what is under way`);
  // What is under way counts as the offerer's until it is there.
  if (sum([a.channel.to_us_msat, b.channel.to_us_msat]) !== capacity * 1000n)
    throw new Missing(
      `${a.node.name} has ${a.channel.to_us_msat} msat and ${b.node.name} ${b.channel.to_us_msat} of a channel of ${capacity} sat`,
    );
  return inFlight[0] as bigint;
}

/** What was given and what came of it, as far as it is unspent, and the fees paid on the way. */
async function chainOf(chain: LabChain): Promise<{ fees: bigint; unspent: Map<string, bigint> }> {
  const unspent = new Map<string, bigint>();
  let fees = 0n;
  for (const tx of await chain.transactions()) {
    let paidIn: bigint | undefined;
    for (const input of tx.inputs) {
      const spent = outpoint(input.txid, input.vout);
      const amount = unspent.get(spent);
      if (amount === undefined) continue;
      unspent.delete(spent);
      paidIn = (paidIn ?? 0n) + amount;
    }
    const id = txid(tx);
    for (const [vout, { amount }] of tx.outputs.entries()) {
      const key = outpoint(id, vout);
      if (amount > 0n && (paidIn !== undefined || chain.given.has(key))) unspent.set(key, amount);
      if (paidIn !== undefined) fees -= amount;
    }
    fees += paidIn ?? 0n;
  }
  return { fees, unspent };
}

/** As people write outpoints: the txid reversed. */
const outpoint = (id: Bytes, vout: number): string => `${shownHash(id)}:${vout}`;

function shares(lab: Audited, books: Books): Pick<Audit, 'wallets' | 'channelsMsat'> {
  const wallets: Record<string, bigint> = {};
  const channelsMsat: Record<string, bigint> = {};
  for (const { name } of lab.nodes) wallets[name] = channelsMsat[name] = 0n;
  for (const { node, sat } of books.wallets.values())
    wallets[node.name] = (wallets[node.name] as bigint) + sat;
  for (const sides of books.channels.values())
    for (const { node, channel } of sides)
      channelsMsat[node.name] = (channelsMsat[node.name] as bigint) + BigInt(channel.to_us_msat);
  return { wallets, channelsMsat };
}
