/** Where lines of log go. */
export interface LineOutput {
  readonly isTerminal: boolean;
  write(line: string): void;
}

/**
 * What may wait for a reader of our stderr that has stopped reading. Then lines are dropped and
 * counted.
 */
const WAITING_CHARACTERS_MAX = 1 << 20;

/** The part of a stream that is used here. */
export interface LineStream {
  readonly isTTY?: boolean;
  /** False when the line has to wait; "drain" tells when none waits any more. */
  write(line: string): boolean;
  on(event: "drain" | "error", listener: () => void): unknown;
}

/** Lines on standard error. */
export function stderrOutput(): LineOutput {
  return streamOutput(process.stderr);
}

/**
 * Lines on a stream. Never blocks and never fails: a log reader that
 * hangs or has gone must not stop the heart of a node.
 */
export function streamOutput(stream: LineStream): LineOutput {
  // Bun leaves writableLength at 0, so what waits is counted here.
  let waiting = 0;
  let dropped = 0;
  const write = (line: string) => {
    if (!stream.write(line)) waiting += line.length;
  };
  stream.on("error", () => {});
  stream.on("drain", () => {
    waiting = 0;
    if (dropped > 0) write(`tankd: ${dropped} lines of log were dropped\n`);
    dropped = 0;
  });
  return {
    isTerminal: stream.isTTY === true,
    write: (line) => {
      if (waiting > WAITING_CHARACTERS_MAX) dropped++;
      else write(line);
    },
  };
}
