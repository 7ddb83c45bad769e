import type { Command } from '../command.js';
import { check } from './check.js';
import { help } from './help.js';
import { notifications } from './notifications.js';

/** Every command of the daemon, in alphabetical order: one import and one line each. */
export const commands: readonly Command[] = [check, help, notifications];
