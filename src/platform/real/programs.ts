/** The output of a system program, and its exit code. */
export interface ProgramOutput {
  readonly exitCode: number;
  readonly stdout: string;
}

/** Directories of administrators' programs, which other users' PATH may lack. */
const SYSTEM_FOLDERS = "/usr/sbin:/sbin:/usr/local/sbin";
const TIMEOUT_MS = 5_000;
const OUTPUT_BYTES_MAX = 4 << 20;

/**
 * Runs a system program to its end, in the C locale. Undefined if it does not exist, takes too
 * long, or prints too much.
 */
export async function runProgram(
  command: readonly [string, ...string[]],
): Promise<ProgramOutput | undefined> {
  const [name, ...words] = command;
  const path = Bun.which(name, { PATH: `${process.env["PATH"] ?? ""}:${SYSTEM_FOLDERS}` });
  if (path === null) return undefined;
  try {
    const child = Bun.spawn([path, ...words], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
      env: { ...process.env, LC_ALL: "C" },
      timeout: TIMEOUT_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
      killSignal: "SIGKILL",
    });
    const stdout = await new Response(child.stdout).text();
    await child.exited;
    return child.exitCode === null ? undefined : { exitCode: child.exitCode, stdout };
  } catch {
    // It exists, but this user may not run it.
    return undefined;
  }
}
