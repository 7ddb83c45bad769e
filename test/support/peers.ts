/** Peers over the lab's network, and a peer made by hand that says what it likes. */
import { type Bytes, concat, EMPTY, type NodeId, toHex } from '../../src/core/bytes/index.js';
import { ecdh, publicKeyFromPrivate, sha256 } from '../../src/core/crypto/index.js';
import { Handshake, type Session } from '../../src/core/transport/index.js';
import {
  decodeMessage,
  encodeMessage,
  type FeatureSet,
  featuresFor,
  type Message,
  type MessageOf,
} from '../../src/core/wire/index.js';
import { VirtualClock } from '../../src/lab/clock.js';
import { SeededEntropy } from '../../src/lab/entropy.js';
import { MemoryNet, type MemoryNetOptions } from '../../src/lab/net.js';
import {
  type CloseReason,
  type PeerInfo,
  type PeerLimits,
  Peers,
} from '../../src/node/peers/index.js';
import type { Connection, NetAddress, Tables, Write } from '../../src/ports/index.js';
import { silentLogger } from '../../src/ports/index.js';

export const CHAIN = new Uint8Array(32).fill(6);
export const FEATURES: FeatureSet = {
  optionStaticRemotekey: 'required',
  optionAnchors: 'optional',
  gossipQueries: 'optional',
};

export function identity(name: string) {
  const secret = sha256(new TextEncoder().encode(name));
  const nodeId = publicKeyFromPrivate(secret) as Bytes;
  return {
    id: toHex(nodeId) as NodeId,
    signer: { nodeId, ecdh: (point: Bytes) => ecdh(secret, point) as Bytes },
  };
}

/** The peers table, as the store would keep it. */
export class PeersTable {
  readonly rows = new Map<string, Tables['peers']>();

  async commit(writes: readonly Write[]): Promise<void> {
    for (const write of writes) {
      if ('put' in write && write.put === 'peers') this.rows.set(write.row.node_id, write.row);
      else if ('delete' in write && write.delete === 'peers')
        this.rows.delete(write.where.node_id as string);
    }
  }

  async select(): Promise<never[]> {
    return [...this.rows.values()] as never[];
  }
}

export interface Said {
  readonly from: NodeId;
  readonly message: Message;
}

export interface TestNode {
  readonly id: NodeId;
  readonly peers: Peers;
  readonly address: NetAddress;
  readonly table: PeersTable;
  readonly connected: PeerInfo[];
  readonly disconnected: CloseReason[];
  readonly received: Said[];
  /** What `log.error` was told: bugs. */
  readonly broken: unknown[];
}

export interface TestNodeOptions {
  readonly features?: FeatureSet;
  readonly chainHash?: Bytes;
  readonly limits?: Partial<PeerLimits>;
  readonly table?: PeersTable;
  readonly addresses?: (nodeId: NodeId) => readonly NetAddress[];
}

export class World {
  readonly clock = new VirtualClock();
  readonly entropy: SeededEntropy;
  readonly net: MemoryNet;

  constructor(seed = 'peers', options: MemoryNetOptions = {}) {
    this.entropy = new SeededEntropy(seed);
    this.net = new MemoryNet(options, { clock: this.clock, entropy: this.entropy.fork('net') });
  }

  async node(name: string, options: TestNodeOptions = {}): Promise<TestNode> {
    const { id, signer } = identity(name);
    const address = { host: name, port: 9735 };
    const table = options.table ?? new PeersTable();
    const broken: unknown[] = [];
    const log = {
      ...silentLogger,
      error: (message: string, values?: object) => broken.push({ message, ...values }),
      child: () => log,
    };
    const peers = new Peers(
      {
        chainHash: options.chainHash ?? CHAIN,
        features: options.features ?? FEATURES,
        listen: [address],
        defaultPort: 9735,
        ...(options.limits && { limits: options.limits }),
      },
      {
        net: this.net.host(name),
        clock: this.clock,
        entropy: this.entropy.fork(`node ${name}`),
        signer,
        store: table as never,
        log,
        fatal: (error) => broken.push(error),
        ...(options.addresses && { addresses: options.addresses }),
      },
    );
    const node: TestNode = {
      id,
      peers,
      address,
      table,
      broken,
      connected: [],
      disconnected: [],
      received: [],
    };
    peers.onConnected((peer) => node.connected.push(peer));
    peers.onDisconnected((_, reason) => node.disconnected.push(reason));
    for (const category of ['channel', 'gossip', 'other'] as const)
      peers.onMessage(category, (from, message) => {
        node.received.push({ from, message });
      });
    await peers.start();
    return node;
  }

  async until(done: () => boolean, limitMs = 120_000): Promise<void> {
    if (!(await this.clock.runUntil(done, limitMs))) throw new Error('it never happened');
  }

  async settle<T>(promise: Promise<T>, limitMs = 120_000): Promise<T> {
    let over = false;
    const end = () => {
      over = true;
    };
    promise.then(end, end);
    await this.until(() => over, limitMs);
    return promise;
  }

  /** A connection to `node` with nobody behind it yet. */
  async dial(from: string, node: TestNode): Promise<Connection> {
    return this.settle(this.net.host(from).connect(node.address));
  }

  /** A hand-made peer that has called `node` and finished the handshake; it has not said init. */
  async handmade(name: string, node: TestNode): Promise<HandmadePeer> {
    const connection = await this.dial(name, node);
    const { id, signer } = identity(name);
    const peer = new HandmadePeer(id, connection);
    const begun = Handshake.initiator(signer, this.entropy.bytes(32), fromId(node.id));
    if (begun === undefined) throw new Error('no such node');
    peer.begin(begun.handshake);
    connection.write(begun.actOne);
    await this.until(() => peer.session !== undefined || peer.closed);
    return peer;
  }

  /** A hand-made peer with whom both inits are exchanged. */
  async friend(name: string, node: TestNode): Promise<HandmadePeer> {
    const peer = await this.handmade(name, node);
    peer.say(initOf());
    await this.until(() => node.peers.connected(peer.id) !== undefined || peer.closed);
    return peer;
  }
}

const fromId = (id: NodeId): Bytes => new Uint8Array(Buffer.from(id, 'hex'));

export function initOf(over: Partial<MessageOf<'init'>> = {}): MessageOf<'init'> {
  return {
    kind: 'init',
    globalfeatures: EMPTY,
    features: featuresFor(FEATURES, 'init'),
    tlvs: { networks: [CHAIN] },
    ...over,
  };
}

export class HandmadePeer {
  session: Session | undefined;
  closed = false;
  onSession: () => void = () => {};
  /** All that the node said, init first. */
  readonly heard: Message[] = [];
  #handshake: Handshake | undefined;

  constructor(
    readonly id: NodeId,
    readonly connection: Connection,
  ) {
    connection.onClose(() => {
      this.closed = true;
    });
  }

  begin(handshake: Handshake): void {
    this.#handshake = handshake;
    this.connection.onData((bytes) => this.#consume(bytes));
  }

  say(...messages: readonly (Message | Bytes)[]): void {
    const { session } = this;
    if (session === undefined) throw new Error('no session');
    const frames = messages.map((message) =>
      session.seal(message instanceof Uint8Array ? message : encodeMessage(message)),
    );
    this.connection.write(concat(...frames));
  }

  heardOf<K extends Message['kind']>(kind: K): Extract<Message, { kind: K }>[] {
    return this.heard.filter((m): m is Extract<Message, { kind: K }> => m.kind === kind);
  }

  #consume(bytes: Bytes): void {
    if (this.session === undefined) {
      const result = this.#handshake?.receive(bytes);
      if (!result?.ok) return;
      if (result.value.send.length > 0) this.connection.write(result.value.send);
      if (result.value.done === undefined) return;
      this.session = result.value.done.session;
      this.onSession();
      this.#read(result.value.done.rest);
      return;
    }
    this.#read(bytes);
  }

  #read(bytes: Bytes): void {
    const result = this.session?.receive(bytes);
    if (!result?.ok) throw new Error('the node broke the session');
    for (const raw of result.value) {
      const message = decodeMessage(raw);
      if (!message.ok || message.value.kind === 'unknown')
        throw new Error('the node said nonsense');
      this.heard.push(message.value);
    }
  }
}
