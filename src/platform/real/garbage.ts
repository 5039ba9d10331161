/** Runs a full collection of the calling thread's heap, synchronously. */
export function collectGarbage(): void {
  Bun.gc(true);
}
