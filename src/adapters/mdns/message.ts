import { decode, encode, encodingLength } from "dns-packet";
import { z } from "zod";
import type { DnsRecord } from "./records.ts";

export interface Question {
  /** In lower case. */
  readonly name: string;
  /** `PTR`, `SRV`, …, `ANY`. */
  readonly type: string;
  /** The QU bit (RFC 6762 section 5.4): the answer may come by unicast. */
  readonly unicast: boolean;
}

/** A DNS message, of its records those that DNS-SD needs. */
export interface Message {
  readonly id: number;
  readonly isResponse: boolean;
  /** The TC bit of a query: more known answers follow in further packets (RFC 6762 section 7.2). */
  readonly truncated: boolean;
  readonly questions: readonly Question[];
  readonly answers: readonly DnsRecord[];
  /** What a probe proposes (RFC 6762 section 8.2). */
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

export const HEADER_BYTES = 12;
/** A packet of ours fits into a frame of Ethernet, with the headers of IPv6 and UDP. */
const PACKET_BYTES_MAX = 1440;
/** Class IN and the top bit of the class, as dns-packet names a class that it does not know. */
const CLASS_IN_UNICAST = "UNKNOWN_32769";
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;

const utf8 = new TextDecoder();
const dnsName = z.string().max(255).toLowerCase();
const questionSchema = z.object({ name: dnsName, type: z.string(), class: z.string() });
const head = {
  name: dnsName,
  class: z.literal("IN"),
  ttl: z.number().int().nonnegative(),
  flush: z.boolean(),
};
const target = z.object({ port: z.number().int().min(0).max(65_535), target: dnsName });
const strings = z.array(z.instanceof(Uint8Array)).transform((all) => all.map(textOfBytes));
const recordSchema = z.discriminatedUnion("type", [
  z.object({ ...head, type: z.literal("PTR"), data: dnsName }),
  z.object({ ...head, type: z.literal(["A", "AAAA"]), data: z.string() }),
  z.object({ ...head, type: z.literal("SRV"), data: target }),
  z.object({ ...head, type: z.literal("TXT"), data: strings }),
]);
const messageSchema = z.object({
  id: z.number(),
  type: z.enum(["query", "response"]),
  flag_tc: z.boolean(),
  questions: z.array(questionSchema),
  answers: z.array(z.unknown()).transform(records),
  authorities: z.array(z.unknown()).transform(records),
  additionals: z.array(z.unknown()).transform(records),
});

/** Reads a packet; undefined for bytes that are none. Records of other types are left out. */
export function readMessage(bytes: Uint8Array): Message | undefined {
  const parsed = messageSchema.safeParse(decoded(bytes));
  if (!parsed.success) return undefined;
  const { id, type, flag_tc, questions, answers, authorities, additionals } = parsed.data;
  return {
    id,
    isResponse: type === "response",
    truncated: type === "query" && flag_tc,
    questions: questions.flatMap(({ class: klass, name, type: asked }) => {
      const unicast = klass === CLASS_IN_UNICAST;
      return unicast || klass === "IN" || klass === "ANY" ? [{ name, type: asked, unicast }] : [];
    }),
    answers,
    authorities,
    additionals,
  };
}

function decoded(bytes: Uint8Array): unknown {
  try {
    return decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    return undefined;
  }
}

function records(list: readonly unknown[]): readonly DnsRecord[] {
  return list.flatMap((one) => {
    const parsed = recordSchema.safeParse(one);
    if (!parsed.success) return [];
    const { class: _, ...record } = parsed.data;
    return [record];
  });
}

function textOfBytes(bytes: Uint8Array): string {
  return utf8.decode(bytes);
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

/** dns-packet replaces the strings that it is given by buffers, so it gets copies. */
function encodable(record: DnsRecord): object {
  return record.type === "TXT" ? { ...record, data: [...record.data] } : record;
}

/**
 * A query with the answers that are known already (RFC 6762 section 7.1), in as many packets as
 * these take; all but the last carry the TC bit.
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
