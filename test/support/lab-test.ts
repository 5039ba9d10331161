import { test } from "bun:test";
import { Lab, type LabOptions } from "./lab.ts";
import { whyNoNamespaces } from "./namespaces.ts";

const unavailable = await whyNoNamespaces();
/** More than it takes to end the processes and remove the namespaces. */
const TEAR_DOWN_MS = 30_000;
const isCi = process.env["CI"] === "true";

/**
 * A test on real machines. Where none can be made it is skipped and says why; in CI that is a
 * failure.
 */
export function labTest(
  name: string,
  timeoutMs: number,
  body: (lab: Lab) => Promise<void>,
  options: LabOptions = {},
): void {
  if (unavailable !== undefined && !isCi) {
    test.skip(`${name} (skipped: ${unavailable})`, () => {});
    return;
  }
  test(
    name,
    async () => {
      if (unavailable !== undefined) throw new Error(`CI must run this test, but ${unavailable}`);
      const lab = await Lab.open(options);
      try {
        await within(timeoutMs, body(lab));
      } catch (error) {
        process.stderr.write(`${lab.logs()}\n`);
        throw error;
      } finally {
        await lab.close();
      }
    },
    timeoutMs + TEAR_DOWN_MS,
  );
}

/** Rejects before the test runner gives up, which would not wait for the tear-down. */
function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => reject(new Error(`the test took longer than ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
