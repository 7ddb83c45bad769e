/** Work under one key is done one thing after another; under different keys side by side. */
export class Lines<K> {
  readonly #last = new Map<K, Promise<void>>();

  run<T>(key: K, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const result = before === undefined ? work() : before.then(work);
    const over = result.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(key, over);
    void over.then(() => {
      if (this.#last.get(key) === over) this.#last.delete(key);
    });
    return result;
  }

  /** Resolves when all work that is in line now is done. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
