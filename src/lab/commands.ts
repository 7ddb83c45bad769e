import { commands } from '../rpc/commands/index.js';
import type { NodeApi } from '../rpc/index.js';
import { LocalCommands } from '../rpc/local.js';

/** An error that a command answered with, as a client of the socket sees it. */
export { CommandError as LabRpcError } from '../rpc/local.js';

/** The commands of a node of the lab, those for developers included. */
export const labCommands = (node: NodeApi): LocalCommands =>
  new LocalCommands({ developer: true }, { node, commands });
