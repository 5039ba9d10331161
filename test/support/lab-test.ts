import { Lab, type LabOptions } from "./lab.ts";
import { whyNoNamespaces } from "./namespace-host.ts";
import { requiredTest } from "./required-test.ts";

const unavailable = await whyNoNamespaces();
/** More than it takes to end the processes and remove the namespaces. */
const TEAR_DOWN_MS = 30_000;

/**
 * A test on real machines, where such can be made; see {@link requiredTest}.
 * @param options `without`: what else is missing
 */
export function labTest(
  name: string,
  timeoutMs: number,
  body: (lab: Lab) => Promise<void>,
  options: LabOptions & { readonly without?: string | undefined } = {},
): void {
  requiredTest(
    name,
    unavailable ?? options.without,
    async () => {
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
    { timeoutMs: timeoutMs + TEAR_DOWN_MS },
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
