import { setting } from "./setting.ts";
import { choice, integer, toggle } from "./setting-kinds.ts";
import { path } from "./setting-values.ts";

/** What is logged, how, and into which file. */
export const LOG_SETTINGS = {
  logLevel: setting({
    kind: choice(["debug", "info", "warn", "error"]),
    default: "info",
    env: "LOG_LEVEL",
    help: "the least important events to log",
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
    help: "where in the program an event was logged",
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
    help: "log into this file instead of stderr; SIGHUP opens it anew",
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
    help: "how many rotated files are kept",
  }),
} as const;
