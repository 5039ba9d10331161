/** Values of a log line in addition to its event. Never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Structured logging. `event` is a stable, lower-case phrase that outside tools may search for. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** Logs nothing: for tests and sealed runs. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
