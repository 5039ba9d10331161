/** A full collection of the calling thread's heap, here and now. */
export function collectGarbage(): void {
  Bun.gc(true);
}
