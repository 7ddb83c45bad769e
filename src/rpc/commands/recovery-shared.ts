import type { RecoverError } from '../../node/backup/index.js';
import { codes, RpcError } from '../errors.js';
import * as r from '../results.js';

export function recoverRefusal(error: RecoverError): RpcError {
  switch (error.code) {
    case 'unreadable_file':
      return new RpcError(
        codes.general,
        `emergency.recover cannot be opened with this node's seed (${error.reason.replaceAll('_', ' ')})`,
      );
    case 'chain_away':
      return new RpcError(codes.general, `The chain does not answer: ${error.reason}`);
  }
}

export const stubsResult = () =>
  r.object({ stubs: r.array(r.hash()).describe('The ids of the channels that were taken up.') });
