/** What a program of the system has said, and its exit code. */
export interface ProgramOutput {
  readonly exitCode: number;
  readonly stdout: string;
}

/** Administrators' programs, which the PATH of other users does not name. */
const SYSTEM_FOLDERS = "/usr/sbin:/sbin:/usr/local/sbin";
const TIMEOUT_MS = 5_000;
const OUTPUT_BYTES_MAX = 4 << 20;

/**
 * Runs a program of the system to its end, in the language that its source is written in. Undefined
 * where there is none of that name, where it takes too long, and where it says too much.
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
    // It is there, and this user may not run it.
    return undefined;
  }
}
