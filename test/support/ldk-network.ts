/** A network of our daemons on a real bitcoind, with a node of rust-lightning beside them. */
import { freePort } from './bitcoind.js';
import { LightningNetwork } from './daemon.js';
import { LdkPeer } from './ldk-peer.js';

/** The types of channels that both sides can open, for `describe.each`. */
export const CHANNEL_TYPES = [
  { type: 'static_remotekey', anchors: false },
  { type: 'anchors with zero-fee HTLCs', anchors: true },
];

export class LdkNetwork {
  private constructor(
    readonly lightning: LightningNetwork,
    readonly ldk: LdkPeer,
    readonly said: readonly string[],
  ) {}

  static async start(name: string, anchors: boolean): Promise<LdkNetwork> {
    const lightning = await LightningNetwork.start();
    const said: string[] = [];
    try {
      const ldk = await LdkPeer.start({
        bitcoind: lightning.chain,
        name: `${name} ${anchors}`,
        port: await freePort(),
        anchors,
        log: (line) => said.push(line.slice(0, 400)),
      });
      return new LdkNetwork(lightning, ldk, said);
    } catch (error) {
      await lightning.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.ldk.stop();
    await this.lightning.stop();
  }

  /** The last lines of all logs, for a test that failed. */
  tails(): string {
    return `${this.lightning.tails()}\n--- ldk\n${this.said.slice(-60).join('\n')}`;
  }
}
