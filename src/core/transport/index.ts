/** BOLT 8: the handshake and the encrypted session. */
export {
  Handshake,
  type HandshakeError,
  type HandshakeResult,
  type HandshakeStep,
  type StaticKey,
} from './handshake.js';
export { MAX_MESSAGE_LENGTH, Session, type SessionError, type SessionKeys } from './session.js';
