import { resolve } from "node:path";
import type { Clock } from "../platform/clock.ts";
import { messageOf, Problem } from "../platform/errors.ts";
import { fileOutput } from "../telemetry/file-output.ts";
import { stderrOutput } from "../telemetry/line-output.ts";
import type { Log } from "../telemetry/log.ts";
import { createLog } from "../telemetry/logtape.ts";
import type { Settings } from "./settings/table.ts";

/** The log of a node. */
export interface NodeLog {
  readonly log: Log;
  /** Reopens the log file, which may have been renamed; no effect on stderr. */
  reopen(): void;
}

const BYTES_PER_MEGABYTE = 1_000_000;

/** @throws Problem `bad_setting` for a file that cannot be opened. */
export function openNodeLog(settings: Settings, noColor: boolean, clock: Clock): NodeLog {
  const { logLevel: level, logFormat: format, logCaller: caller, logTime: time } = settings;
  const options = { level, format, caller, time, noColor };
  if (settings.logFile === undefined) {
    return { log: createLog(options, stderrOutput(), clock), reopen: () => {} };
  }
  const output = openFile(settings, resolve(settings.logFile));
  return { log: createLog(options, output, clock), reopen: () => output.reopen() };
}

function openFile({ logMaxMegabytes, logKeep: keep }: Settings, path: string) {
  try {
    return fileOutput({ path, bytesMax: logMaxMegabytes * BYTES_PER_MEGABYTE, keep });
  } catch (error) {
    const why = messageOf(error);
    throw new Problem("bad_setting", `${path} (log_file) cannot be written: ${why}.`);
  }
}
