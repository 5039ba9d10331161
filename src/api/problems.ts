import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import {
  messageOf,
  PROBLEMS,
  Problem,
  type ProblemCode,
  StorageUnavailable,
} from "../platform/errors.ts";
import "../platform/issue-words.ts";
import { NetworkError } from "../platform/network.ts";

/** The body of every error (RFC 9457 §3). */
export const problemSchema = z
  .object({
    type: z.string(),
    status: z.number().int(),
    title: z.string(),
    detail: z.string(),
    instance: z.string(),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .describe("The invalid fields and their errors, for a malformed request"),
  })
  .loose();

/** How long a client should wait before a retry, where a retry helps. */
const RETRY_AFTER_SECONDS: Partial<Record<ProblemCode, number>> = {
  too_many: 1,
  not_ready: 1,
  storage_unavailable: 5,
};

export interface ProblemExtras {
  readonly headers?: Readonly<Record<string, string>>;
  /** Additional members of the body. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** A Problem with additional headers or members of the body. */
export class DetailedProblem extends Problem {
  readonly extras: ProblemExtras;

  constructor(code: ProblemCode, message: string, extras: ProblemExtras) {
    super(code, message);
    this.extras = extras;
  }
}

/** The Problem of a malformed request: 422 for a body, 400 for a path or a query. */
export function shapeProblem(code: "bad_request" | "invalid", error: z.core.$ZodError): Problem {
  const errors = error.issues.slice(0, 20).flatMap(describeIssue);
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join("; ");
  return new DetailedProblem(code, detail, { members: { errors } });
}

function describeIssue(issue: z.core.$ZodIssue): { field: string; message: string }[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.slice(0, 20).map((key) => ({
      field: [...path, key].join("."),
      message: "there is no such field",
    }));
  }
  return [{ field: path.join(".") || "body", message: issue.message }];
}

/** Converts a thrown value to the Problem that the client receives. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof z.ZodError) return shapeProblem("invalid", error);
  if (error instanceof StorageUnavailable) {
    return new Problem("storage_unavailable", `The storage does not take writes: ${error.message}`);
  }
  if (error instanceof NetworkError) {
    return new Problem(error.failure === "busy" ? "too_many" : "unreachable", error.message);
  }
  if (error instanceof HTTPException && error.status < 500) {
    return new Problem(error.status === 415 ? "json_required" : "bad_request", messageOf(error));
  }
  return new Problem("internal", "An internal error occurred; see the node's log (tankd logs)");
}

/** A problem as a response. `instance` is the requested path. */
export function problemResponse(problem: Problem, instance: string): Response {
  const { status, title } = PROBLEMS[problem.code];
  const extras: ProblemExtras = problem instanceof DetailedProblem ? problem.extras : {};
  const headers = new Headers({ "content-type": "application/problem+json" });
  const retryAfter = RETRY_AFTER_SECONDS[problem.code];
  if (retryAfter !== undefined) headers.set("retry-after", String(retryAfter));
  if (status === 401) headers.set("www-authenticate", 'Bearer realm="tankd"');
  for (const [name, value] of Object.entries(extras.headers ?? {})) headers.set(name, value);
  const type = `urn:tankd:problem:${problem.code}`;
  const body = { type, status, title, detail: problem.message, instance, ...extras.members };
  return new Response(JSON.stringify(body), { status, headers });
}
