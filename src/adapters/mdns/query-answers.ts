import { type AnswerSchedule, isFresh, PLAIN, PROBE, TRUNCATED } from "./answers.ts";
import { type Message, type Question, writeResponse } from "./message.ts";
import { type DnsRecord, isSame } from "./records.ts";

/** RFC 6762 section 6.7: old resolvers do not follow changes, so they must ask again soon. */
const LEGACY_TTL_SECONDS = 10;

/** Queues the multicast answers to a query; returns the records to answer with by unicast. */
export function answerQuery(
  answers: AnswerSchedule,
  { questions, answers: known, truncated, authorities }: Message,
  { asker, isHub }: { readonly asker: string; readonly isHub: boolean },
): readonly DnsRecord[] {
  if (questions.length === 0) return [];
  const isWanted = (own: DnsRecord) =>
    !known.some((record) => isSame(record, own) && isFresh(record, own));
  const wanted = (one: Question) => answers.matching(one).filter(isWanted);
  const shared = questions.filter(({ unicast }) => !unicast).flatMap(wanted);
  const asked = questions.filter(({ unicast }) => unicast).flatMap(wanted);
  // RFC 6762 section 5.4: from time to time also by multicast, or others would forget the record.
  const overdue = asked.filter((one) => !answers.wasSentWithin(one, one.ttl * 250));
  const direct = isHub ? [...asked, ...withheld(answers, shared)] : asked;
  const timing = authorities.length > 0 ? PROBE : truncated ? TRUNCATED : PLAIN;
  answers.queue([...shared, ...overdue], asker, timing);
  return direct;
}

/**
 * Records that were multicast less than a second ago, so that they may not be multicast again yet
 * (RFC 6762 section 6). A node that starts now would become hub until then, so a hub also sends
 * them by unicast.
 */
function withheld(answers: AnswerSchedule, wanted: readonly DnsRecord[]): readonly DnsRecord[] {
  return wanted.filter((one) => answers.wasSentWithin(one, PLAIN.intervalMs));
}

/** RFC 6762 section 6.7: the answer to a resolver without multicast. */
export function legacyAnswer(
  answers: AnswerSchedule,
  { id, questions }: Message,
): Uint8Array | undefined {
  const matching = questions.flatMap((one) => answers.matching(one));
  const found = matching.filter(({ type }) => type !== "NSEC");
  if (found.length === 0) return undefined;
  const plain = (record: DnsRecord): DnsRecord => ({
    ...record,
    ttl: Math.min(record.ttl, LEGACY_TTL_SECONDS),
    flush: false,
  });
  const additionals = answers.additionalsTo(found).map(plain);
  return writeResponse(found.map(plain), additionals, { id, questions });
}
