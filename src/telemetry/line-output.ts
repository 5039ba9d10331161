/** A sink for log lines. */
export interface LineOutput {
  readonly isTerminal: boolean;
  write(line: string): void;
}

/** Bytes that may be buffered for a reader of stderr that has stopped; later lines are dropped. */
const WAITING_CHARACTERS_MAX = 1 << 20;

/** The part of a stream that is used here. */
export interface LineStream {
  readonly isTTY?: boolean;
  /** False when the line was buffered; "drain" follows when the buffer is empty. */
  write(line: string): boolean;
  on(event: "drain" | "error", listener: () => void): unknown;
}

/** Lines on standard error. */
export function stderrOutput(): LineOutput {
  return streamOutput(process.stderr);
}

/**
 * Writes lines to a stream. Never blocks and never fails: a log reader that hangs or is gone must
 * not stop a node.
 */
export function streamOutput(stream: LineStream): LineOutput {
  // Bun leaves writableLength at 0, so buffered bytes are counted here.
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
