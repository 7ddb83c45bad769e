import { type Bytes, hex, reversed } from '../bytes/index.js';

export type NetworkName = 'bitcoin' | 'testnet' | 'testnet4' | 'signet' | 'regtest';

export interface NetworkParams {
  readonly name: NetworkName;
  /** The hash of the genesis block, in wire order: BOLT 0's `chain_hash`. */
  readonly chainHash: Bytes;
  /** BIP 173: the human-readable part of segwit addresses. */
  readonly bech32: string;
  /** BOLT 11: what stands behind `ln` in an invoice. */
  readonly invoicePrefix: 'bc' | 'tb' | 'tbs' | 'bcrt';
  readonly p2pkhVersion: number;
  readonly p2shVersion: number;
  readonly bip32: { readonly public: number; readonly private: number };
  /** BIP 44: the coin type of derivation paths. */
  readonly coinType: number;
  readonly rpcPort: number;
  readonly lightningPort: number;
}

const TEST = {
  p2pkhVersion: 0x6f,
  p2shVersion: 0xc4,
  bip32: { public: 0x043587cf, private: 0x04358394 },
  coinType: 1,
};

const genesis = (shown: string): Bytes => reversed(hex(shown));

export const NETWORKS: Readonly<Record<NetworkName, NetworkParams>> = {
  bitcoin: {
    name: 'bitcoin',
    chainHash: genesis('000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f'),
    bech32: 'bc',
    invoicePrefix: 'bc',
    p2pkhVersion: 0x00,
    p2shVersion: 0x05,
    bip32: { public: 0x0488b21e, private: 0x0488ade4 },
    coinType: 0,
    rpcPort: 8332,
    lightningPort: 9735,
  },
  testnet: {
    ...TEST,
    name: 'testnet',
    chainHash: genesis('000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943'),
    bech32: 'tb',
    invoicePrefix: 'tb',
    rpcPort: 18332,
    lightningPort: 19735,
  },
  testnet4: {
    ...TEST,
    name: 'testnet4',
    chainHash: genesis('00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043'),
    bech32: 'tb',
    invoicePrefix: 'tb',
    rpcPort: 48332,
    lightningPort: 49735,
  },
  signet: {
    ...TEST,
    name: 'signet',
    chainHash: genesis('00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6'),
    bech32: 'tb',
    invoicePrefix: 'tbs',
    rpcPort: 38332,
    lightningPort: 39735,
  },
  regtest: {
    ...TEST,
    name: 'regtest',
    chainHash: genesis('0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206'),
    bech32: 'bcrt',
    invoicePrefix: 'bcrt',
    rpcPort: 18443,
    lightningPort: 19846,
  },
};

export const networkByName = (name: string): NetworkParams | undefined =>
  Object.hasOwn(NETWORKS, name) ? NETWORKS[name as NetworkName] : undefined;
