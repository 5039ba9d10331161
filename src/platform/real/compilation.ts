/**
 * Restores JavaScriptCore's default compilation thresholds for the calling thread. The executable
 * starts with higher ones (deploy/compile-flags.ts): most of a start runs once, and compiling it
 * took a quarter of its processor time. Threads do not share this.
 */
export function compileReadily(): void {
  Bun.unsafe.setJITPolicy(1);
}
