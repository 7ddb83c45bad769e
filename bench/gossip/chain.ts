/**
 * A bitcoind that also has the made channels' funding outputs: what is asked of their blocks is
 * answered here, everything else by the real one behind.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { scidParts, shownHash, toHex } from '../../src/core/bytes/index.js';
import { sha256 } from '../../src/core/crypto/index.js';
import { callRpc, freePort, type TestChain, testChain } from '../../test/support/bitcoind.js';
import type { MadeChannel } from './made.js';

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

export interface MadeChain extends TestChain {
  /** Requests and calls answered so far. */
  readonly asked: { requests: number; calls: number };
}

export async function chainWith(
  channels: Iterable<MadeChannel>,
  behind: TestChain,
): Promise<MadeChain> {
  const blocks = new Map<number, string[]>();
  const outputs = new Map<string, MadeChannel>();
  for (const channel of channels) {
    const { block, txIndex } = scidParts(channel.scid);
    const txid = shownHash(sha256(channel.script));
    const txids = blocks.get(block) ?? ['00'.repeat(32)];
    blocks.set(block, txids);
    txids[txIndex] = txid;
    outputs.set(txid, channel);
  }
  const hashes = new Map([...blocks.keys()].map((h) => [toHex(sha256(Buffer.from(`${h}`))), h]));
  const byHeight = new Map([...hashes].map(([hash, height]) => [height, hash]));
  const own = ({ method, params }: Call): unknown => {
    if (method === 'getblockhash') return byHeight.get(params[0] as number);
    if (method === 'getblock') {
      const height = hashes.get(params[0] as string);
      return height === undefined ? undefined : { tx: blocks.get(height) };
    }
    const found = method === 'gettxout' ? outputs.get(params[0] as string) : undefined;
    return (
      found && {
        value: found.amountSat / 1e8,
        confirmations: 1000,
        scriptPubKey: { hex: toHex(found.script) },
      }
    );
  };
  const asked = { requests: 0, calls: 0 };
  const answer = async (call: Call): Promise<object> => {
    asked.calls++;
    const result = own(call);
    if (result !== undefined) return { result, error: null, id: call.id };
    return callRpc(behind, call.method, call.params).then(
      (value) => ({ result: value, error: null, id: call.id }),
      (error: Error & { code?: number }) => ({
        result: null,
        error: { code: error.code ?? -1, message: error.message },
        id: call.id,
      }),
    );
  };
  const server = createServer((request, response) => {
    void (async () => {
      asked.requests++;
      const body = JSON.parse(await textOf(request)) as Call | Call[];
      const answers = Array.isArray(body)
        ? await Promise.all(body.map(answer))
        : await answer(body);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answers));
    })();
  });
  const rpcport = await freePort();
  await new Promise<void>((done) => server.listen(rpcport, '127.0.0.1', done));
  const { rpcuser, rpcpassword } = behind;
  const chain = testChain({ rpcport, rpcuser, rpcpassword }, async () => {
    server.close();
    server.closeAllConnections();
    await behind.stop();
  });
  return { ...chain, asked };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
