/** Runs programs of the system for tests and benchmarks; nothing here waits without a bound. */

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const COMMAND_TIMEOUT_MS = 60_000;

/** Runs a command to its end. A failing one is an answer, not an error. */
export async function run(
  command: readonly string[],
  options: {
    readonly env?: Record<string, string>;
    readonly cwd?: string;
    readonly input?: string;
  } = {},
): Promise<Finished> {
  const child = Bun.spawn([...command], {
    stdin: options.input === undefined ? "ignore" : new Blob([options.input]),
    stdout: "pipe",
    stderr: "pipe",
    timeout: COMMAND_TIMEOUT_MS,
    killSignal: "SIGKILL",
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode: child.exitCode, stdout, stderr };
}

/** Runs a command that must succeed. */
export async function must(...command: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")} failed: ${stderr.trim()}`);
  return stdout;
}

const POLL_MS = 50;

/**
 * Asks until there is an answer, and returns it. The deadline is a bound on failure, generous
 * enough for a busy machine; no test measures time with it.
 */
export async function until<T>(
  what: string,
  deadlineMs: number,
  ask: () => Promise<T | undefined | false>,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let failure: unknown;
  while (performance.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    await Bun.sleep(POLL_MS);
  }
  const because = failure instanceof Error ? `: ${failure.message}` : "";
  throw new Error(`not within ${deadlineMs / 1000} s: ${what}${because}`);
}
