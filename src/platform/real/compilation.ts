/**
 * Lets JavaScriptCore compile what the calling thread runs as soon as it usually would. The
 * executable begins with higher thresholds (deploy/compile-flags.ts): most of a start runs once,
 * and compiling it took a quarter of its processor time. Threads do not share this.
 */
export function compileReadily(): void {
  Bun.unsafe.setJITPolicy(1);
}
