import { type DecodedPacket, type DecodedRecord, decode, encode, encodingLength } from "dns-packet";
import type { DnsRecord } from "./records.ts";

export interface Question {
  /** In lower case. */
  readonly name: string;
  /** `PTR`, `SRV`, …, `ANY`. */
  readonly type: string;
  /** The QU bit (RFC 6762 section 5.4): the answer may come by unicast. */
  readonly unicast: boolean;
}

/** A DNS message with the records that DNS-SD needs. */
export interface Message {
  readonly id: number;
  readonly isResponse: boolean;
  /** The TC bit of a query: more known answers follow in further packets (RFC 6762 section 7.2). */
  readonly truncated: boolean;
  readonly questions: readonly Question[];
  readonly answers: readonly DnsRecord[];
  /** The records that a probe proposes (RFC 6762 section 8.2). */
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

export const HEADER_BYTES = 12;
/** A packet fits into an Ethernet frame, with the headers of IPv6 and UDP. */
const PACKET_BYTES_MAX = 1440;
/** Class IN and the top bit of the class: dns-packet's name of an unknown class. */
const CLASS_IN_UNICAST = "UNKNOWN_32769";
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;

const NAME_BYTES_MAX = 255;

const utf8 = new TextDecoder();

/** Reads a packet; undefined for bytes that are not one. Records of other types are left out. */
export function readMessage(bytes: Uint8Array): Message | undefined {
  const packet = decoded(bytes);
  if (packet === undefined) return undefined;
  const questions = packet.questions.flatMap(({ name, class: klass, type }) => {
    const unicast = klass === CLASS_IN_UNICAST;
    const isOurs = unicast || klass === "IN" || klass === "ANY";
    return isOurs && isName(name) ? [{ name: name.toLowerCase(), type, unicast }] : [];
  });
  return {
    id: packet.id,
    isResponse: packet.type === "response",
    truncated: packet.type === "query" && packet.flag_tc,
    questions,
    answers: packet.answers.flatMap(recordOf),
    authorities: packet.authorities.flatMap(recordOf),
    additionals: packet.additionals.flatMap(recordOf),
  };
}

function decoded(bytes: Uint8Array): DecodedPacket | undefined {
  try {
    return decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    return undefined;
  }
}

/**
 * A record of a type that DNS-SD needs; undefined for any other. Parsed by hand and not by a
 * schema: while many nodes start at once on a small machine, most of its time goes into reading
 * packets.
 */
function recordOf(decoded: DecodedRecord): readonly DnsRecord[] {
  const { type, name, ttl = 0, flush = false, data } = decoded;
  if (decoded.class !== "IN" || !isName(name)) return [];
  const head = { name: name.toLowerCase(), ttl, flush };
  switch (type) {
    case "PTR":
      return isName(data) ? [{ ...head, type, data: data.toLowerCase() }] : [];
    case "A":
    case "AAAA":
      return typeof data === "string" ? [{ ...head, type, data }] : [];
    case "SRV": {
      const { port, target } = serverOf(data);
      if (port === undefined || !isName(target)) return [];
      return [{ ...head, type, data: { port, target: target.toLowerCase() } }];
    }
    case "TXT": {
      const strings = Array.isArray(data) ? data.filter((one) => one instanceof Uint8Array) : [];
      return [{ ...head, type, data: strings.map((one) => utf8.decode(one)) }];
    }
    default:
      return [];
  }
}

function serverOf(data: unknown): { readonly port?: number; readonly target?: unknown } {
  if (typeof data !== "object" || data === null || !("port" in data) || !("target" in data)) {
    return {};
  }
  const { port, target } = data;
  return typeof port === "number" ? { port, target } : {};
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= NAME_BYTES_MAX;
}

/** A multicast response; unicast ones to old resolvers repeat the query's id and questions. */
export function writeResponse(
  answers: readonly DnsRecord[],
  additionals: readonly DnsRecord[] = [],
  legacy?: { readonly id: number; readonly questions: readonly Question[] },
): Uint8Array {
  const questions = (legacy?.questions ?? []).map(({ name, type }) => ({ name, type }));
  const id = legacy?.id ?? 0;
  return encode({
    type: "response",
    id,
    flags: AUTHORITATIVE,
    questions,
    answers: answers.map(encodable),
    additionals: additionals.map(encodable),
  });
}

/** dns-packet replaces the given strings by buffers, so it gets copies. */
function encodable(record: DnsRecord): object {
  return record.type === "TXT" ? { ...record, data: [...record.data] } : record;
}

/**
 * A query with its known answers (RFC 6762 section 7.1), in as many packets as needed; all but the
 * last carry the TC bit.
 */
export function writeQuery(
  questions: readonly Omit<Question, "unicast">[],
  known: readonly DnsRecord[] = [],
): readonly Uint8Array[] {
  const packets: { questions: readonly object[]; answers: DnsRecord[] }[] = [];
  let packet = { questions: [...questions], answers: [] as DnsRecord[] };
  let bytes = encodingLength({ type: "query", questions: packet.questions });
  for (const answer of known) {
    const more = encodingLength({ answers: [answer] }) - HEADER_BYTES;
    if (bytes + more > PACKET_BYTES_MAX && packet.answers.length > 0) {
      packets.push(packet);
      packet = { questions: [], answers: [] };
      bytes = HEADER_BYTES;
    }
    packet.answers.push(answer);
    bytes += more;
  }
  packets.push(packet);
  return packets.map((one, at) => {
    const flags = at < packets.length - 1 ? TRUNCATED : 0;
    return encode({ type: "query", id: 0, flags, ...one, answers: one.answers.map(encodable) });
  });
}
