import { choice, integer, toggle } from "./kinds.ts";
import { setting } from "./setting.ts";
import { path } from "./values.ts";

/** The level, format and file of the log. */
export const LOG_SETTINGS = {
  logLevel: setting({
    kind: choice(["debug", "info", "warn", "error"]),
    default: "info",
    env: "LOG_LEVEL",
    help: "the lowest level of events to log",
  }),
  logFormat: setting({
    kind: choice(["auto", "json", "text"]),
    default: "auto",
    env: "LOG_FORMAT",
    help: "auto is text on a terminal and json elsewhere",
  }),
  logCaller: setting({
    kind: choice(["off", "short", "full"]),
    default: "short",
    env: "LOG_CALLER",
    help: "the place in the program that logged an event",
  }),
  logTime: setting({
    kind: choice(["off", "rfc3339", "rfc3339ms"]),
    default: "rfc3339ms",
    env: "LOG_TIME",
    help: "the time of an event",
  }),
  logNoColor: setting({
    kind: toggle(),
    default: false,
    env: "LOG_NO_COLOR",
    help: "no colour in the log",
  }),
  logFile: setting({
    kind: path,
    default: undefined,
    flag: "--log-file",
    placeholder: "file",
    env: "TANKD_LOG_FILE",
    help: "log to this file instead of stderr; SIGHUP reopens it",
    defaultHelp: "with -d tankd.log in the data directory",
  }),
  logMaxMegabytes: setting({
    kind: integer(1, 10_240),
    default: 10,
    env: "TANKD_LOG_MAX_MEGABYTES",
    help: "size at which that file is rotated: it becomes FILE.1, the one before FILE.2",
  }),
  logKeep: setting({
    kind: integer(1, 100),
    default: 5,
    env: "TANKD_LOG_KEEP",
    help: "number of rotated files to keep",
  }),
} as const;
