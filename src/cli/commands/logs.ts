import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { Settings } from "../../node/settings/table.ts";
import { Problem } from "../../platform/errors.ts";
import { sleep } from "../../platform/timers.ts";
import type { CliContext } from "../context.ts";
import { candidateDataDirectories } from "../node-access/directories.ts";
import { LogLines } from "../output/log-lines.ts";
import { readInteger } from "../output/numbers.ts";

/** The log file of a detached node in its data directory. */
export const LOG_FILE = "tankd.log";

const FOLLOW_POLL_MS = 200;
/** The last lines are searched in this part of the file only. */
const TAIL_BYTES_MAX = 4 * 1024 * 1024;

/** `tankd logs [-f]`: the log of a node that runs in the background. */
export function defineLogs(logs: Command, context: CliContext): void {
  logs
    .option("-f, --follow", "keep printing new lines")
    .option("-n, --lines <number>", "number of last lines to print (default: 100)", "100")
    .action(async (options: { follow?: boolean; lines: string }, command: Command) => {
      const lines = readInteger(options.lines, "--lines") ?? 0;
      const keys = ["dataDir", "logFile", "logFormat", "logTime", "logNoColor"] as const;
      const { values } = context.settings(command, keys);
      const path = findLog(context, values);
      const show = showing(context, values);
      const end = printTail(context, path, lines, show);
      if (options.follow) await follow(context, path, end, show);
    });
}

/** Converts the next chunk of the file to output. */
type Show = (text: string) => string;

/** Text on a terminal; the original lines in a pipe. */
function showing(
  context: CliContext,
  { logFormat, logTime, logNoColor }: Pick<Settings, "logFormat" | "logTime" | "logNoColor">,
): Show {
  const { isTerminal } = context.host.stdout;
  const forPeople = logFormat === "text" || (logFormat === "auto" && isTerminal);
  if (!forPeople) return (text) => text;
  const colour = isTerminal && !logNoColor && !context.host.environment["NO_COLOR"];
  const lines = new LogLines({ kind: "text", time: logTime, colour });
  return (text) => lines.read(text);
}

function findLog(
  { host }: CliContext,
  { dataDir, logFile }: Pick<Settings, "dataDir" | "logFile">,
): string {
  const absolute = (path: string) => resolve(host.workingDirectory, path);
  const directory = dataDir === undefined ? undefined : absolute(dataDir);
  const paths =
    logFile === undefined
      ? candidateDataDirectories(host, directory).map((path) => join(path, LOG_FILE))
      : [absolute(logFile)];
  const found = paths.find((path) => host.sizeOf(path) !== undefined);
  if (found !== undefined) return found;
  throw new Problem(
    "not_found",
    `there is no ${paths.join(" or ")}: a node in the foreground logs to its terminal, a ` +
      "service to the journal (journalctl -u tankd)",
  );
}

/** Prints the last lines; returns the end of the file. */
function printTail(context: CliContext, path: string, lines: number, show: Show): number {
  const size = context.host.sizeOf(path) ?? 0;
  const from = Math.max(0, size - TAIL_BYTES_MAX);
  const text = new TextDecoder().decode(context.host.readFrom(path, from));
  const all = text.split("\n");
  const last = lines === 0 ? [] : all.slice(-lines - (text.endsWith("\n") ? 1 : 0));
  if (last.length > 0) context.host.stdout.write(show(last.join("\n")));
  return size;
}

/** Follows the file until the reader of stdout is gone. */
async function follow(context: CliContext, path: string, from: number, show: Show): Promise<void> {
  let offset = from;
  const decoder = new TextDecoder();
  while (!context.host.stdout.isClosed) {
    await sleep(context.host.timers, FOLLOW_POLL_MS);
    const size = context.host.sizeOf(path) ?? 0;
    // The file was truncated or replaced.
    if (size < offset) offset = 0;
    if (size === offset) continue;
    const bytes = context.host.readFrom(path, offset) ?? new Uint8Array();
    offset += bytes.length;
    context.host.stdout.write(show(decoder.decode(bytes, { stream: true })));
  }
}
