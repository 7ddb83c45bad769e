import type { Files } from '../../ports/index.js';

/** Files that live as long as the process: for the lab and for tests. */
export class MemoryFiles implements Files {
  readonly #files = new Map<string, Uint8Array>();

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.#files.get(name)?.slice();
  }

  async write(name: string, contents: Uint8Array): Promise<void> {
    this.#files.set(name, contents.slice());
  }

  /** As if somebody had deleted it. */
  remove(name: string): void {
    this.#files.delete(name);
  }
}
