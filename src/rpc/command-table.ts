import type { Command, Commands } from './command.js';

/** The commands of a daemon, by name and alias. */
export class CommandTable implements Commands {
  readonly #byName = new Map<string, Command>();
  /** In alphabetical order. */
  readonly all: readonly Command[];

  constructor(commands: readonly Command[], options: { readonly developer: boolean }) {
    this.all = commands
      .filter((c) => options.developer || !c.developerOnly)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const command of this.all)
      for (const name of [command.name, ...command.aliases]) {
        if (this.#byName.has(name)) throw new Error(`two commands are named ${name}`);
        this.#byName.set(name, command);
      }
  }

  find(name: string): Command | undefined {
    return this.#byName.get(name);
  }
}
