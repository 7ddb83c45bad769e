/** Randomness, as the node sees it. The lab's is a stream from one seed. */
export interface Entropy {
  bytes(count: number): Uint8Array;
}
