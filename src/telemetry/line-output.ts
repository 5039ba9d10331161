/** Where lines of log go. */
export interface LineOutput {
  readonly isTerminal: boolean;
  write(line: string): void;
}

/** What may wait for a reader of our stderr that has stopped reading. Then lines are dropped and counted. */
const WAITING_BYTES_MAX = 1 << 20;

/**
 * Standard error. Never blocks and never fails: a log reader that hangs or has gone must not stop
 * the heart of a node.
 */
export function stderrOutput(): LineOutput {
  const stream = process.stderr;
  stream.on("error", () => {});
  let dropped = 0;
  return {
    isTerminal: stream.isTTY === true,
    write: (line) => {
      if (stream.writableLength > WAITING_BYTES_MAX) {
        dropped++;
        return;
      }
      if (dropped > 0) stream.write(`tankd: ${dropped} lines of log were dropped\n`);
      dropped = 0;
      stream.write(line);
    },
  };
}
