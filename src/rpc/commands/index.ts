import type { Command } from '../command.js';

/** Every command of the daemon: one import and one line each, in alphabetical order. */
export const commands: readonly Command[] = [];
