import { LIMITS } from "../../platform/limits.ts";
import type { Room } from "../../platform/room.ts";

/**
 * The unit of a tunnel, split into pieces that fit a WebSocket message: one byte for the kind, four
 * for the stream (big-endian), then the content. Longer content is split into several pieces, all
 * but the last marked and full.
 */
export const KIND = {
  /** Is the other end alive? */
  ping: 0,
  pong: 1,
  /** A request and its answer: JSON, see `messages.ts`. */
  request: 2,
  response: 3,
  /** The start of a viewer, its messages, and its end. */
  watch: 4,
  text: 5,
  end: 6,
} as const;

export type FrameKind = (typeof KIND)[keyof typeof KIND];

export interface Frame {
  readonly kind: FrameKind;
  /** The request or viewer; 0 for neither. */
  readonly stream: number;
  readonly content: Uint8Array;
}

const HEAD_BYTES = 5;
const MORE = 0x80;
const KINDS: ReadonlySet<number> = new Set(Object.values(KIND));
const PIECE_BYTES = LIMITS.tunnelPieceBytesMax - HEAD_BYTES;

/** The frame as messages to send in order. */
export function piecesOf({ kind, stream, content }: Frame): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let from = 0;
  do {
    const part = content.subarray(from, from + PIECE_BYTES);
    from += PIECE_BYTES;
    const piece = new Uint8Array(HEAD_BYTES + part.length);
    piece[0] = from < content.length ? kind | MORE : kind;
    new DataView(piece.buffer).setUint32(1, stream);
    piece.set(part, HEAD_BYTES);
    pieces.push(piece);
  } while (from < content.length);
  return pieces;
}

/** Reassembles frames from pieces. */
export class FrameReader {
  readonly #parts = new Map<number, { readonly kind: FrameKind; parts: Uint8Array[] }>();
  readonly #room: Room;

  /** @param room budget for incomplete messages. */
  constructor(room: Room) {
    this.#room = room;
  }

  /**
   * The frame that ends with this piece, if one does. `"broken"` for a protocol violation, after
   * which the connection must be closed.
   */
  read(piece: Uint8Array): Frame | "broken" | undefined {
    const [first] = piece;
    if (first === undefined || piece.length < HEAD_BYTES) return "broken";
    const kind = first & ~MORE;
    if (!isKind(kind)) return "broken";
    const stream = new DataView(piece.buffer, piece.byteOffset).getUint32(1);
    const part = piece.subarray(HEAD_BYTES);
    const begun = this.#parts.get(stream);
    if (begun && begun.kind !== kind) return "broken";
    if ((first & MORE) === 0) {
      if (!begun) return { kind, stream, content: part };
      this.#parts.delete(stream);
      const content = Buffer.concat([...begun.parts, part]);
      this.#room.give(content.length - part.length);
      return { kind, stream, content };
    }
    // Short pieces would cost far more memory than they are counted with.
    if (part.length !== PIECE_BYTES) return "broken";
    if (!this.#room.take(part.length)) return "broken";
    if (begun) begun.parts.push(part);
    else this.#parts.set(stream, { kind, parts: [part] });
    return undefined;
  }

  /** No further pieces of it will come. */
  clear(): void {
    for (const { parts } of this.#parts.values()) this.#room.give(parts.length * PIECE_BYTES);
    this.#parts.clear();
  }
}

function isKind(kind: number): kind is FrameKind {
  return KINDS.has(kind);
}
