import { messageOf } from "../../platform/errors.ts";
import { readStatus, type TailnetStatus } from "./status.ts";

const ANSWER_MS = 10_000;
/** The status of 4,000 devices; longer output is not read. */
const OUTPUT_BYTES_MAX = 8 * 1024 * 1024;

/**
 * The output of `tailscale status --json`. Rejects with an Error if there is none.
 * @param socket of tailscaled, if it is not at the default place
 */
export async function askProgram(
  program: string,
  socket: string | undefined,
): Promise<TailnetStatus> {
  const at = socket === undefined ? [] : [`--socket=${socket}`];
  const child = Bun.spawn([program, ...at, "status", "--json"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    timeout: ANSWER_MS,
    killSignal: "SIGKILL",
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  const text = await new Response(child.stdout).text().catch((error: unknown) => {
    throw new Error(`${program}: ${messageOf(error)}`);
  });
  await child.exited;
  const status = readStatus(parse(text));
  if (status === undefined) throw new Error(`${program} status --json does not print a status`);
  return status;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
