import { LIMITS } from "../../platform/limits.ts";
import { HEADER_BYTES } from "./message.ts";

/** Operation code and response code, which must be zero (RFC 6762 section 18). */
const OPERATION_AND_RESULT = 0x780f;
const RESPONSE = 0x8000;

export type PacketKind = "query" | "response";

/**
 * The kind of a packet, determined without decoding it; undefined for a packet that is not
 * multicast DNS. Printers and televisions send as well: most packets are rejected here.
 */
export function kindOf(bytes: Uint8Array): PacketKind | undefined {
  const { byteLength } = bytes;
  if (byteLength < HEADER_BYTES || byteLength > LIMITS.mdnsPacketBytesMax) return undefined;
  const flags = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if ((flags & OPERATION_AND_RESULT) !== 0) return undefined;
  return (flags & RESPONSE) === 0 ? "query" : "response";
}

/** Whether any of the labels (lower case) is in the packet, in any name. */
export function mentions(bytes: Uint8Array, labels: Iterable<string>): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = Array.from(labels, (label) => String.fromCharCode(label.length) + label);
  // The spelling that all nodes use.
  if (wanted.some((label) => buffer.includes(label, 0, "latin1"))) return true;
  // The one encoding in which every byte is one character.
  const text = buffer.toString("latin1").toLowerCase();
  return wanted.some((label) => text.includes(label));
}
