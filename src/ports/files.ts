/** The few files that a node keeps beside its store, so that they can outlive it. */
export interface Files {
  /** The whole file, or nothing where there is none. Rejects where it cannot be read. */
  read(name: string): Promise<Uint8Array | undefined>;
  /**
   * Replaces the file as a whole; resolves once that is durable. After a crash it holds either
   * the old contents or the new ones. Rejects where the disk fails.
   */
  write(name: string, contents: Uint8Array): Promise<void>;
}
