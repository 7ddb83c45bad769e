/**
 * Two nodes, a channel between them with any HTLCs, and the embedded chain, which verifies every
 * script, locktime and fee. Alice runs the machine; what bob does, a test says.
 */
import { EmbeddedChain, type StoredBlock } from '../../../src/adapters/chain/embedded/index.js';
import { readChainTx } from '../../../src/adapters/chain/embedded/types.js';
import { LocalSigner } from '../../../src/adapters/signer/index.js';
import {
  encodeDer,
  encodeTx,
  NETWORKS,
  p2tr,
  p2wpkh,
  p2wsh,
  sighashV0,
  type Transaction,
  txid,
  unsignedInput,
  withWitness,
} from '../../../src/core/bitcoin/index.js';
import { type Bytes, equal, type Msat, msat, sat, toHex } from '../../../src/core/bytes/index.js';
import {
  buildClosing,
  buildCommitment,
  type Commitment,
  type CommitmentChannel,
  type CommitmentFormat,
  type CommitmentHtlc,
  type CommitmentSpec,
  channelFundingOutput,
  completeCommitment,
  completeHtlcTransaction,
  fundingScript,
  fundingWitness,
  type HtlcOutput,
  type RevokedRow,
  revokedData,
  signCommitment,
  verifyClosing,
} from '../../../src/core/channel/commitment/index.js';
import {
  emptyShachain,
  insertSecret,
  type ShachainStore,
  type Signer,
  sha256,
  shachainIndex,
} from '../../../src/core/crypto/index.js';
import {
  decodeOnchain,
  encodeOnchain,
  type FeeInput,
  type OnchainChannel,
  type OnchainContext,
  type OnchainEffect,
  type OnchainInput,
  type OnchainState,
  openOnchain,
  revokedNumber,
  selectFeeInputs,
  step,
} from '../../../src/core/onchain/index.js';

export const KEY = 1;
export const DELAY = 20;
export const FUNDING = 1_000_000;
const network = NETWORKS.regtest;

const signerOf = (n: number): Signer =>
  new LocalSigner({ seed: new Uint8Array(32).fill(n), network });

export const alice = signerOf(1);
export const bob = signerOf(2);

const BOB_SCRIPT = p2wpkh(bob.nodeId);

export const preimageOf = (n: number): Bytes => sha256(Uint8Array.of(n, 0x99));
export const hashOf = (n: number): Bytes => sha256(preimageOf(n));

/** An HTLC of `sats` from alice (`mine`) or bob. */
export const htlc = (
  id: number,
  offeredBy: 'local' | 'remote',
  sats: number,
  cltvExpiry: number,
): CommitmentHtlc => ({
  id: BigInt(id),
  offeredBy,
  amountMsat: msat(sats * 1000),
  paymentHash: hashOf(id),
  cltvExpiry,
});

export interface StateSpec {
  readonly alice: number;
  readonly htlcs: readonly CommitmentHtlc[];
}

const flipSide = (side: 'local' | 'remote') => (side === 'local' ? 'remote' : 'local');

/** The same figures from bob's side. */
const flip = (spec: CommitmentSpec): CommitmentSpec => ({
  ...spec,
  localMsat: spec.remoteMsat,
  remoteMsat: spec.localMsat,
  htlcs: spec.htlcs.map((h) => ({ ...h, offeredBy: flipSide(h.offeredBy) })),
});

const flipChannel = (c: CommitmentChannel): CommitmentChannel => ({
  ...c,
  opener: flipSide(c.opener),
  local: c.remote,
  remote: c.local,
});

/** A wallet as small as it gets: scripts of two kinds, and the coins the chain has for them. */
class TestWallet {
  readonly scripts = new Map<string, FeeInput['ref']>();
  readonly reserved = new Map<string, readonly FeeInput[]>();
  /** Which coins are there for claims. */
  offers: (coin: FeeInput) => boolean = () => true;

  constructor(
    readonly signer: Signer,
    readonly chain: EmbeddedChain,
  ) {
    for (let index = 0; index < 4; index++) {
      for (const type of ['p2wpkh', 'p2tr'] as const) {
        const ref = { kind: 'wallet', type, change: false, index } as const;
        const key = signer.publicKey(ref);
        this.scripts.set(toHex(type === 'p2tr' ? p2tr(key) : p2wpkh(key)), ref);
      }
    }
  }

  script(type: 'p2wpkh' | 'p2tr', index: number): Bytes {
    const key = this.signer.publicKey({ kind: 'wallet', type, change: false, index });
    return type === 'p2tr' ? p2tr(key) : p2wpkh(key);
  }

  balance(): bigint {
    return this.coins().reduce((sum, coin) => sum + coin.amount, 0n);
  }

  coins(): FeeInput[] {
    const coins: FeeInput[] = [];
    for (const [outpoint, coin] of this.chain.ledger.coins) {
      const ref = this.scripts.get(toHex(coin.scriptPubkey));
      if (ref === undefined) continue;
      const [id, vout] = [outpoint.slice(0, 64), Number(outpoint.slice(65))];
      const txid = Uint8Array.from(Buffer.from(id, 'hex'));
      coins.push({ txid, vout, amount: coin.amount, scriptPubkey: coin.scriptPubkey, ref });
    }
    return coins;
  }

  /** Coins that neither another claim nor the mempool uses. */
  free(claim: string): FeeInput[] {
    const name = (c: FeeInput) => `${toHex(c.txid)}:${c.vout}`;
    const others = new Set(
      [...this.reserved].filter(([id]) => id !== claim).flatMap(([, coins]) => coins.map(name)),
    );
    return this.coins().filter((coin) => this.offers(coin) && !others.has(name(coin)));
  }
}

export interface WorldOptions {
  readonly format: CommitmentFormat;
  readonly opener?: 'local' | 'remote';
  /** The states of the channel from the first on; the last is the current one. */
  readonly states: readonly StateSpec[];
  /** A state that alice signed for bob and that is not revoked by it yet. */
  readonly next?: StateSpec;
  /** What the chain's estimates say. */
  readonly feeratePerKw?: number;
  /** Preimages that alice knows from the start. */
  readonly known?: readonly number[];
}

export class World {
  readonly chain: EmbeddedChain;
  readonly wallet: TestWallet;
  channel: OnchainChannel;
  rows: readonly RevokedRow[];
  readonly commitment: CommitmentChannel;
  readonly #specs: readonly CommitmentSpec[];
  state: OnchainState;
  /** Everything the machine said, but for watches and broadcasts. */
  readonly said: OnchainEffect[] = [];
  readonly broadcasts: { readonly purpose: string; readonly tx: Bytes }[] = [];
  /** What the mempool refused of ours, and why. */
  readonly refused: string[] = [];
  feeratePerKw: number;
  #minimum = 253;
  /** Nothing of ours reaches the network. */
  offline = false;
  readonly #watched = new Set<string>();
  #followed: StoredBlock[] = [];

  constructor(options: WorldOptions) {
    this.chain = new EmbeddedChain(
      { seed: 'onchain' },
      { clock: { now: () => 1.7e12, after: () => () => {} } },
    );
    this.feeratePerKw = options.feeratePerKw ?? 1000;
    this.chain.mine(120);
    this.wallet = new TestWallet(alice, this.chain);
    this.chain.send(this.wallet.script('p2wpkh', 0), sat(100_000));
    this.chain.send(this.wallet.script('p2tr', 0), sat(90_000));
    const points = { a: alice.channelPoints(KEY), b: bob.channelPoints(KEY) };
    const script = p2wsh(fundingScript(points.a.fundingPubkey, points.b.fundingPubkey));
    const funding = this.chain.send(script, sat(FUNDING));
    this.chain.mine(1);
    this.commitment = {
      format: options.format,
      fundingTxid: funding.txid,
      fundingVout: funding.tx.outputs.findIndex((o) => equal(o.scriptPubkey, script)),
      fundingAmount: sat(FUNDING),
      opener: options.opener ?? 'local',
      local: { points: points.a, dustLimit: sat(546), toSelfDelay: DELAY },
      remote: { points: points.b, dustLimit: sat(546), toSelfDelay: DELAY + 4 },
    };
    if (!equal(script, channelFundingOutput(this.commitment))) throw new Error('funding script');
    this.#specs = [...options.states, ...(options.next ? [options.next] : [])].map((s, n) =>
      this.#spec(s, n),
    );
    const current = options.states.length - 1;
    this.rows = this.#specs.slice(0, current).map((spec, n) => ({
      commitmentNumber: spec.commitmentNumber,
      data: revokedData(this.commitment, spec, this.#specs[n + 1] as CommitmentSpec),
    }));
    this.channel = this.#channel(current, options);
    this.#followed = this.#active();
    this.state = openOnchain(this.channel, this.height);
    this.#watched.add(`${toHex(funding.txid)}:${this.commitment.fundingVout}`);
  }

  #spec(s: StateSpec, n: number): CommitmentSpec {
    const inFlight = s.htlcs.reduce((sum, h) => sum + h.amountMsat, 0n);
    return {
      commitmentNumber: BigInt(n),
      feeratePerKw: 500,
      localMsat: msat(s.alice * 1000),
      remoteMsat: (BigInt(FUNDING - s.alice) * 1000n - inFlight) as Msat,
      htlcs: s.htlcs,
    };
  }

  #channel(current: number, options: WorldOptions): OnchainChannel {
    const spec = this.#specs[current] as CommitmentSpec;
    const nextSpec = this.#specs[current + 1];
    // Bob signed alice's commitment.
    const forAlice = buildCommitment(
      flipChannel(this.commitment),
      'remote',
      alice.perCommitmentPoint(KEY, spec.commitmentNumber),
      flip(spec),
    );
    let secrets: ShachainStore = emptyShachain;
    for (let n = 0n; n < BigInt(current); n++)
      secrets = insertSecret(
        secrets,
        shachainIndex(n),
        bob.perCommitmentSecret(KEY, n),
      ) as ShachainStore;
    const all = new Map<bigint, CommitmentHtlc>();
    for (const s of [spec, ...(nextSpec ? [nextSpec] : [])])
      for (const h of s.htlcs) if (h.offeredBy === 'local') all.set(h.id, h);
    return {
      key: KEY,
      commitment: this.commitment,
      sweepScript: this.wallet.script('p2wpkh', 3),
      local: { spec, ...signCommitment(bob, KEY, forAlice) },
      remote: { spec, point: bob.perCommitmentPoint(KEY, spec.commitmentNumber) },
      ...(nextSpec === undefined
        ? {}
        : {
            remoteNext: {
              spec: nextSpec,
              point: bob.perCommitmentPoint(KEY, nextSpec.commitmentNumber),
            },
          }),
      remoteSecrets: secrets,
      outgoing: [...all.values()].map((h) => ({
        id: h.id,
        amountMsat: h.amountMsat,
        paymentHash: h.paymentHash,
        cltvExpiry: h.cltvExpiry,
        origin: { kind: 'local', paymentHash: h.paymentHash, groupId: 1, partId: Number(h.id) },
      })),
      preimages: (options.known ?? []).map(preimageOf),
    };
  }

  get height(): number {
    return this.chain.ledger.height;
  }

  /** Alice's latest commitment, signed by both. */
  localCommitment(): Transaction {
    const { spec, signature } = this.channel.local;
    const point = alice.perCommitmentPoint(KEY, spec.commitmentNumber);
    const c = buildCommitment(this.commitment, 'local', point, spec);
    return completeCommitment(alice, KEY, c, signature);
  }

  /** Bob's view of his commitment number `n`. */
  bobCommitment(n: number): Commitment {
    const spec = flip(this.#specs[n] as CommitmentSpec);
    const point = bob.perCommitmentPoint(KEY, BigInt(n));
    return buildCommitment(flipChannel(this.commitment), 'local', point, spec);
  }

  /** Bob's commitment number `n`, signed by both. */
  remoteCommitment(n: number): Transaction {
    const point = bob.perCommitmentPoint(KEY, BigInt(n));
    const ours = buildCommitment(
      this.commitment,
      'remote',
      point,
      this.#specs[n] as CommitmentSpec,
    );
    const { signature } = signCommitment(alice, KEY, ours);
    return completeCommitment(bob, KEY, this.bobCommitment(n), signature);
  }

  /** Alice's signature for an HTLC transaction of bob's commitment. */
  htlcSignature(n: number, index: number): Bytes {
    const point = bob.perCommitmentPoint(KEY, BigInt(n));
    const ours = buildCommitment(
      this.commitment,
      'remote',
      point,
      this.#specs[n] as CommitmentSpec,
    );
    return signCommitment(alice, KEY, ours).htlcSignatures[index] as Bytes;
  }

  /** Bob's HTLC-success (with the preimage) or HTLC-timeout transaction for HTLC `id`. */
  bobSecondStage(n: number, id: number): Transaction {
    const c = this.bobCommitment(n);
    const index = c.htlcs.findIndex((o) => o.htlc.id === BigInt(id));
    const output = c.htlcs[index] as HtlcOutput;
    const preimage = output.htlc.offeredBy === 'remote' ? preimageOf(id) : undefined;
    const signature = this.htlcSignature(n, index);
    return completeHtlcTransaction(bob, KEY, c, output, signature, preimage);
  }

  /** Bob spends, from alice's commitment, the HTLC she offered, with its preimage. */
  peerTakesFromLocal(id: number): Transaction {
    const { spec } = this.channel.local;
    const point = alice.perCommitmentPoint(KEY, spec.commitmentNumber);
    const c = buildCommitment(this.commitment, 'local', point, spec);
    const output = c.htlcs.find((o) => o.htlc.id === BigInt(id)) as HtlcOutput;
    const tx: Transaction = {
      version: 2,
      inputs: [unsignedInput(c.txid, output.vout, 1)],
      outputs: [{ amount: sat(output.amount - 500n), scriptPubkey: BOB_SCRIPT }],
      locktime: 0,
    };
    const ref = { kind: 'htlc', channel: KEY, perCommitmentPoint: point } as const;
    const digest = sighashV0(tx, 0, output.witnessScript, output.amount);
    const signature = encodeDer(bob.sign(ref, digest), 1);
    return withWitness(tx, 0, [signature, preimageOf(id), output.witnessScript]);
  }

  /** Both HTLC transactions of bob's in one, as SIGHASH_SINGLE|ANYONECANPAY allows with anchors. */
  bobSecondStages(n: number, ids: readonly number[]): Transaction {
    const parts = ids.map((id) => this.bobSecondStage(n, id));
    const outputs = this.bobCommitment(n).htlcs.filter((o) => ids.includes(Number(o.htlc.id)));
    const tx: Transaction = {
      version: 2,
      inputs: parts.flatMap((part) => part.inputs),
      outputs: parts.flatMap((part) => part.outputs),
      locktime: Math.max(...parts.map((part) => part.locktime)),
    };
    const ref = {
      kind: 'htlc',
      channel: KEY,
      perCommitmentPoint: bob.perCommitmentPoint(KEY, BigInt(n)),
    } as const;
    return tx.inputs.reduce((signed, input, i) => {
      const output = outputs.find((o) => o.vout === input.vout) as HtlcOutput;
      const digest = sighashV0(tx, i, output.witnessScript, output.amount);
      const witness = [...input.witness];
      witness[2] = encodeDer(bob.sign(ref, digest), 1);
      return withWitness(signed, i, witness);
    }, tx);
  }

  /** Bears the current number and both signatures, but pays alice 20,000 more. */
  strangeCommitment(): Transaction {
    const spec = this.channel.remote.spec;
    const other = { ...spec, localMsat: msat(spec.localMsat + 20_000_000n) };
    const less = { ...other, remoteMsat: msat(spec.remoteMsat - 20_000_000n) };
    const point = bob.perCommitmentPoint(KEY, spec.commitmentNumber);
    const ours = buildCommitment(this.commitment, 'remote', point, less);
    const { signature } = signCommitment(alice, KEY, ours);
    const his = buildCommitment(flipChannel(this.commitment), 'local', point, flip(less));
    return completeCommitment(bob, KEY, his, signature);
  }

  mutualClose(): Transaction {
    const channel = this.commitment;
    const { spec } = this.channel.local;
    const closing = buildClosing(channel, {
      local: {
        amount: sat(spec.localMsat / 1000n),
        scriptPubkey: this.channel.sweepScript,
      },
      remote: { amount: sat(spec.remoteMsat / 1000n), scriptPubkey: BOB_SCRIPT },
      fee: sat(1000),
      dustLimit: sat(546),
    });
    if (closing === undefined) throw new Error('no closing transaction');
    const ref = { kind: 'funding', channel: KEY } as const;
    const [a, b] = [alice.sign(ref, closing.digest), bob.sign(ref, closing.digest)];
    if (!verifyClosing(channel, closing, b)) throw new Error('closing signature');
    return withWitness(closing.tx, 0, fundingWitness(channel, a, b));
  }

  /** Alice lost the memory of the state she signed last. */
  forgetNext(): void {
    const { remoteNext: _, ...channel } = this.channel;
    this.channel = channel;
    this.state = openOnchain(channel, this.height);
  }

  /** Alice has no more than her static backup holds. */
  loseState(): void {
    const { remoteNext: _, ...channel } = this.channel;
    this.channel = {
      ...channel,
      local: { ...channel.local, spec: this.#specs[0] as CommitmentSpec },
      lost: true,
      remote: {
        spec: this.#specs[0] as CommitmentSpec,
        point: bob.channelPoints(KEY).paymentBasepoint,
      },
      remoteSecrets: emptyShachain,
      outgoing: [],
    };
    this.state = openOnchain(this.channel, this.height);
  }

  raiseMinimum(feeratePerKw: number): void {
    this.#minimum = feeratePerKw;
  }

  loseRows(): void {
    this.rows = [];
  }

  /** A commitment of alice's that she revoked, as a restored backup would have it. */
  ownRevokedCommitment(n: number): Transaction {
    const point = alice.perCommitmentPoint(KEY, BigInt(n));
    const spec = this.#specs[n] as CommitmentSpec;
    const forAlice = buildCommitment(flipChannel(this.commitment), 'remote', point, flip(spec));
    const { signature } = signCommitment(bob, KEY, forAlice);
    const c = buildCommitment(this.commitment, 'local', point, spec);
    return completeCommitment(alice, KEY, c, signature);
  }

  /** Replaces the last block by one that holds `txs`, and one more. */
  reorgInto(txs: readonly Transaction[]): void {
    const last = this.chain.ledger.at(this.height) as StoredBlock;
    this.chain.ledger.invalidate(last);
    const answer = this.chain.mineExactly(txs.map((tx) => encodeTx(tx)));
    if ('reason' in answer) throw new Error(answer.reason);
    this.chain.mineExactly([]);
    this.follow();
  }

  encode(tx: Transaction): Bytes {
    return encodeTx(tx);
  }

  /** Hands a transaction to the mempool; it must be taken. */
  publish(tx: Transaction): void {
    const answer = this.chain.submit(encodeTx(tx));
    if (answer !== undefined) throw new Error(`${answer.reason}: ${answer.detail ?? ''}`);
  }

  /** Puts transactions into one block, whatever a mempool thinks of their fees. */
  confirm(...txs: readonly Transaction[]): void {
    const answer = this.chain.mineExactly(txs.map((tx) => encodeTx(tx)));
    if ('reason' in answer) throw new Error(`${answer.reason}: ${answer.detail ?? ''}`);
    this.follow();
  }

  mine(count = 1, minFeerate?: number): void {
    for (let i = 0; i < count; i++) {
      this.chain.mine(1, minFeerate === undefined ? {} : { minFeerate });
      this.follow();
    }
  }

  /** Mines empty blocks: nothing confirms. */
  wait(count: number): void {
    this.mine(count, Number.MAX_SAFE_INTEGER);
  }

  reorg(depth: number, empty = false): void {
    this.chain.reorg(depth, { empty });
    this.follow();
  }

  /** A reorg whose blocks are empty, and no mempool remembers what was in the others. */
  reorgForgetting(depth: number): void {
    this.chain.invalidate(this.chain.ledger.at(this.height - depth + 1) as StoredBlock);
    this.chain.mempool.clear();
    this.chain.mine(depth + 1);
    this.follow();
  }

  /** Tells the machine what became of the chain. */
  follow(): void {
    const active = this.#active();
    let fork = 0;
    while (fork < active.length && active[fork] === this.#followed[fork]) fork++;
    if (fork < this.#followed.length)
      this.feed({ kind: 'disconnected', height: (this.#followed[fork] as StoredBlock).height });
    for (const block of active.slice(fork)) this.#connect(block, block === active.at(-1));
    this.#followed = active;
  }

  #active(): StoredBlock[] {
    const { ledger } = this.chain;
    return Array.from({ length: ledger.height + 1 }, (_, h) => ledger.at(h) as StoredBlock);
  }

  #connect(block: StoredBlock, last: boolean): void {
    const told = new Set<string>();
    for (let again = true; again; ) {
      again = false;
      for (const { key, tx, raw } of block.txs) {
        const hit = tx.inputs.some((i) => this.#watched.has(`${toHex(i.txid)}:${i.vout}`));
        if (!hit || told.has(key)) continue;
        told.add(key);
        again = true;
        this.#giveRows(tx);
        this.feed({ kind: 'spent', tx: raw, height: block.height });
      }
    }
    if (last) this.#lookAtCoins();
    this.feed({ kind: 'block', height: block.height, ...(last ? {} : { more: true }) });
  }

  /** Coins of claims that no chain and no mempool has any more. */
  #lookAtCoins(): void {
    const confirmed = new Set(this.state.spends.map(({ tx }) => idOf(tx)));
    for (const { id, tx, outputs, versions } of this.state.claims) {
      if (versions.some((version) => confirmed.has(version))) continue;
      const gone = (tx?.inputs ?? []).some((input) => {
        const key = `${toHex(input.txid)}:${input.vout}`;
        if (outputs.includes(key)) return false;
        return (
          !this.chain.ledger.coins.has(key) &&
          this.chain.mempool.get(toHex(input.txid)) === undefined
        );
      });
      if (gone) this.feed({ kind: 'coinsGone', claim: id });
    }
  }

  #giveRows(tx: Transaction): void {
    const number = revokedNumber(this.channel, tx);
    if (number === undefined) return;
    const from = Number(number);
    this.feed({ kind: 'revoked', rows: this.rows.slice(from, from + 64) });
  }

  context(): OnchainContext {
    const targets = [{ blocks: 2, feeratePerKw: this.feeratePerKw }];
    return { fees: { targets, minimum: this.#minimum }, signer: alice };
  }

  feed(input: OnchainInput): void {
    const { state, effects } = step(this.state, input, this.context());
    if (effects.some((e) => e.kind === 'persist')) this.#checkCodec(state);
    this.state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  /** What is persisted comes back as it was. */
  #checkCodec(state: OnchainState): void {
    const decoded = decodeOnchain(encodeOnchain(state), this.channel);
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.error));
    const again = encodeOnchain(decoded.value);
    if (!equal(again, encodeOnchain(state))) throw new Error('the codec changes the state');
  }

  restart(): void {
    const decoded = decodeOnchain(encodeOnchain(this.state), this.channel);
    if (!decoded.ok) throw new Error('not decoded');
    this.state = decoded.value;
    this.#watched.clear();
    this.#watched.add(`${toHex(this.commitment.fundingTxid)}:${this.commitment.fundingVout}`);
    this.feed({ kind: 'restored' });
  }

  #carryOut(effect: OnchainEffect): void {
    switch (effect.kind) {
      case 'persist':
        return;
      case 'watch':
        this.#watched.add(`${toHex(effect.txid)}:${effect.vout}`);
        return;
      case 'broadcast':
        this.#broadcast(effect);
        return;
      case 'fundClaim': {
        if (this.offline) return;
        // As the wallet does: what a transaction spends that waits again after a reorg is not free.
        const spent = new Set(
          this.state.claims
            .filter(({ id }) => id !== effect.claim)
            .flatMap(({ tx }) => tx?.inputs.map((i) => `${toHex(i.txid)}:${i.vout}`) ?? []),
        );
        const coins = this.wallet
          .free(effect.claim)
          .filter((coin) => !spent.has(`${toHex(coin.txid)}:${coin.vout}`));
        const chosen = selectFeeInputs(effect, coins, this.wallet.script('p2tr', 2));
        if (chosen === undefined) return;
        this.wallet.reserved.set(effect.claim, chosen.inputs);
        this.feed({ kind: 'claimFunded', claim: effect.claim, ...chosen });
        return;
      }
      case 'releaseClaim':
        this.wallet.reserved.delete(effect.claim);
        return;
      default:
        this.said.push(effect);
    }
  }

  #broadcast(effect: Extract<OnchainEffect, { kind: 'broadcast' }>): void {
    this.broadcasts.push({ purpose: effect.purpose, tx: effect.tx });
    if (this.offline) return;
    if (effect.parent !== undefined) {
      const txs = [effect.parent, effect.tx].map((raw) => readChainTx(raw));
      const answers = this.chain.mempool.submitPackage(txs.filter((tx) => tx !== undefined));
      const reasons = answers.filter((a) => a !== undefined && a.kind !== 'known');
      for (const answer of reasons) this.refused.push(`${effect.purpose}: ${answer?.reason}`);
      return;
    }
    const answer = this.chain.submit(effect.tx);
    if (answer !== undefined && answer.kind !== 'known' && answer.kind !== 'confirmed')
      this.refused.push(`${effect.purpose}: ${answer.reason} ${answer.detail ?? ''}`);
  }

  /** Outcomes told of HTLC `id`. */
  outcomes(id: number): string[] {
    return this.said.filter((e) => 'htlcId' in e && e.htlcId === BigInt(id)).map((e) => e.kind);
  }

  endings(): string[] {
    return this.said.flatMap((e) => (e.kind === 'classified' ? [e.ending] : []));
  }

  resolved(): boolean {
    return this.said.some((e) => e.kind === 'resolved');
  }

  purposes(): string[] {
    return [...new Set(this.broadcasts.map((b) => b.purpose))].sort();
  }
}

export const idOf = (tx: Transaction): string => toHex(txid(tx));
