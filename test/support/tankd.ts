import { join } from "node:path";

/** The program under test. */
export const TANKD = process.env["TANKD_BINARY"] ?? join(import.meta.dir, "../../dist/tankd");

/** The same program from its source: no build is needed, and scripts can be loaded before it. */
export const MAIN = join(import.meta.dir, "../../src/main.ts");

/** Bound on failure for anything that needs no more than a start or a stop. */
export const PROMPTLY_MS = 30_000;

/** Options that keep a node to itself: loopback, any port, nobody to find. */
export const ALONE = ["--host", "127.0.0.1", "--port", "0", "--discovery", "none"];

/** Nothing of the environment that runs the tests may configure the program. */
export function cleanEnvironment(home: string): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: home, NO_COLOR: "1" };
}
