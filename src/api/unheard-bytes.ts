/** What came over one WebSocket at the last two looks, and in messages. */
interface Line {
  messageBytes: number;
  messageBytesBefore: number;
  receivedBefore: number | undefined;
}

/** The longest header of a frame (RFC 6455 section 5.2). */
const FRAME_HEADER_BYTES = 14;
/** Bytes between two looks that were no message: beginnings of messages, and what is on its way. */
const UNHEARD_BYTES_MAX = 1 << 20;

/**
 * Finds WebSockets that send what makes no message: empty frames of a message without end. Bun
 * tells of whole messages only, and is kept busy by the others.
 */
export class UnheardBytes {
  readonly #lines = new Map<string, Line>();

  open(key: string): void {
    this.#lines.set(key, { messageBytes: 0, messageBytesBefore: 0, receivedBefore: undefined });
  }

  hear(key: string, bytes: number): void {
    const line = this.#lines.get(key);
    if (line) line.messageBytes += bytes + FRAME_HEADER_BYTES;
  }

  close(key: string): void {
    this.#lines.delete(key);
  }

  /** Those that have sent too much of it since the last look, if `received` knows their bytes. */
  look(received: (key: string) => number | undefined): readonly string[] {
    return [...this.#lines].flatMap(([key, line]) => {
      const now = received(key);
      if (now === undefined) return [];
      const came = now - (line.receivedBefore ?? now);
      const heard = line.messageBytes - line.messageBytesBefore;
      line.receivedBefore = now;
      line.messageBytesBefore = line.messageBytes;
      return came - heard > UNHEARD_BYTES_MAX ? [key] : [];
    });
  }
}
