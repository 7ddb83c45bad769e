import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Files } from '../../ports/index.js';

/** Files of one folder, for the eyes of its owner only. */
export class DiskFiles implements Files {
  readonly #folder: string;
  /** Writes take turns: two of one file would share the name under which it is made. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: { readonly folder: string }) {
    this.#folder = options.folder;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    try {
      return new Uint8Array(await readFile(join(this.#folder, name)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  write(name: string, contents: Uint8Array): Promise<void> {
    const written = this.#last.then(() => this.#write(name, contents));
    this.#last = written.catch(() => {});
    return written;
  }

  async #write(name: string, contents: Uint8Array): Promise<void> {
    const path = join(this.#folder, name);
    const fresh = `${path}.new`;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = await open(fresh, 'w', 0o600);
    try {
      await file.writeFile(contents);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
