import { test } from "bun:test";

const isCi = process.env["CI"] === "true";

/**
 * A test that needs what not every machine has. Without it the test is skipped and says why; in CI
 * that is a failure.
 * @param missing what is not there, as a clause: `serf is missing`
 */
export function requiredTest(
  name: string,
  missing: string | undefined,
  body: () => Promise<void>,
  { timeoutMs, isConcurrent = false }: { timeoutMs?: number; isConcurrent?: boolean } = {},
): void {
  if (missing !== undefined && !isCi) {
    test.skip(`${name} (skipped: ${missing})`, () => {});
    return;
  }
  const run = async () => {
    if (missing !== undefined) throw new Error(`CI must run this test, but ${missing}`);
    await body();
  };
  (isConcurrent ? test.concurrent : test)(name, run, timeoutMs);
}
