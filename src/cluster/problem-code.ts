import { z } from "zod";
import { PROBLEMS, type ProblemCode } from "../platform/errors.ts";
import type { PeerReply } from "./peer-route.ts";

const PROBLEM_TYPE = "urn:tankd:problem:";
const problemSchema = z.object({ type: z.string() });

/** The code of the problem in a peer's answer; undefined for anything else. */
export function problemCodeOf({ status, body }: PeerReply): ProblemCode | undefined {
  if (status < 400) return undefined;
  const type = problemSchema.safeParse(body).data?.type ?? "";
  if (!type.startsWith(PROBLEM_TYPE)) return undefined;
  const code = type.slice(PROBLEM_TYPE.length);
  return isProblemCode(code) ? code : undefined;
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}
