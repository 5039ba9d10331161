import { configureSync, getLogger, type LogRecord } from "@logtape/logtape";
import type { Clock } from "../platform/clock.ts";
import { callerIn } from "./caller.ts";
import type { LineOutput } from "./line-output.ts";
import type { Log, LogFields } from "./log.ts";
import { formatEntry, type LineFormat, type LogLevel } from "./log-format.ts";

export interface LogSettings {
  readonly level: LogLevel;
  /**
   * auto: text on a terminal, JSON elsewhere, where journald, Docker or a file collects lines for
   * programs.
   */
  readonly format: "auto" | "json" | "text";
  readonly caller: "off" | "short" | "full";
  readonly time: "off" | "rfc3339" | "rfc3339ms";
  /**
   * LOG_NO_COLOR or NO_COLOR (https://no-color.org). Without it, colour is for text on a terminal.
   */
  readonly noColor: boolean;
}

const CATEGORY = "tankd";
/** Frames between the layers' call and the stack: `write`, and the method of the level. */
const OWN_FRAMES = 2;
const LOGTAPE_LEVELS = {
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
} as const satisfies Record<LogLevel, LogRecord["level"]>;

/** The log of this process: LogTape's configuration is global, so there is one at a time. */
export function createLog(settings: LogSettings, output: LineOutput, clock: Clock): Log {
  const sink = createSink(lineFormat(settings, output), output);
  configureSync({
    reset: true,
    sinks: { output: sink },
    loggers: [
      { category: CATEGORY, lowestLevel: LOGTAPE_LEVELS[settings.level], sinks: ["output"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["output"] },
    ],
  });
  const logger = getLogger(CATEGORY);
  const write = (level: LogLevel, event: string, fields: LogFields = {}) => {
    const logtapeLevel = LOGTAPE_LEVELS[level];
    if (!logger.isEnabledFor(logtapeLevel)) return;
    const { caller: detail } = settings;
    const caller = detail === "off" ? undefined : callerIn(new Error().stack, OWN_FRAMES, detail);
    // Not the template methods: braces in an event are text, not placeholders.
    logger.emit({
      timestamp: clock.wallMs(),
      level: logtapeLevel,
      message: [event],
      rawMessage: event,
      properties: { fields, caller },
    });
  };
  // Statements, not results: JavaScriptCore drops the frame of a call in tail position.
  return {
    debug(event, fields) {
      write("debug", event, fields);
    },
    info(event, fields) {
      write("info", event, fields);
    },
    warn(event, fields) {
      write("warn", event, fields);
    },
    error(event, fields) {
      write("error", event, fields);
    },
  };
}

function lineFormat(settings: LogSettings, output: LineOutput): LineFormat {
  const readByPeople = settings.format === "text" || output.isTerminal;
  const kind = settings.format === "json" || !readByPeople ? "json" : "text";
  const colour = kind === "text" && output.isTerminal && !settings.noColor;
  return { kind, time: settings.time, colour };
}

function createSink(format: LineFormat, output: LineOutput): (record: LogRecord) => void {
  return (record) => {
    const { fields, caller } = record.properties as { fields?: LogFields; caller?: string };
    const entry = {
      wallMs: record.timestamp,
      level: levelOf(record),
      event: record.message.join(""),
      fields: fields ?? {},
      caller,
    };
    output.write(formatEntry(entry, format));
  };
}

function levelOf(record: LogRecord): LogLevel {
  switch (record.level) {
    case "trace":
    case "debug":
      return "debug";
    case "info":
      return "info";
    case "warning":
      return "warn";
    case "error":
    case "fatal":
      return "error";
  }
}
