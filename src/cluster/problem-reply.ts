import { PROBLEMS, type ProblemCode } from "../platform/errors.ts";
import type { PeerReply } from "./peer-route.ts";

/** A refusal (RFC 9457) with additional members, for example where else to ask. */
export function problemReply(
  code: ProblemCode,
  detail: string,
  members: Readonly<Record<string, unknown>> = {},
): PeerReply {
  const { status, title } = PROBLEMS[code];
  const type = `urn:tankd:problem:${code}`;
  return { status, body: { type, title, status, detail, ...members } };
}
