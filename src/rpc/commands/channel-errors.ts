import type { ChannelError } from '../../core/channel/index.js';
import type { CloseError } from '../../node/channels/index.js';
import { codes, RpcError } from '../errors.js';

/** `channel_not_ready` in words; the numbers that belong to it in `data`. */
export function channelRefusal(error: CloseError): RpcError {
  if (error.code === 'unknown_channel') return new RpcError(codes.general, 'Channel is gone');
  const { code, ...figures }: ChannelError = error.error;
  const message = `The channel refused: ${code.replaceAll('_', ' ')}`;
  return new RpcError(codes.general, message, { code, ...figures });
}
