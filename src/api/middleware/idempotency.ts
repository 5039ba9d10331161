import { createHash } from "node:crypto";
import { BoundedMap } from "../../platform/bounded-map.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { type ApiMiddleware, pathOf } from "../env.ts";

export interface IdempotencyOptions {
  /** Number of remembered keys; the oldest are evicted. */
  readonly keysMax: number;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

interface Remembered {
  /** Of path and body. */
  readonly requestDigest: string;
  readonly answer: Promise<Answer>;
}

const { idempotencyKeyCharactersMax: KEY_CHARACTERS_MAX } = LIMITS;

/**
 * Answers a repeated `Idempotency-Key` with the first answer instead of repeating the operation,
 * even while the first is in progress. Failures are not stored, so they may be retried.
 * The same key with another path or body is a 422 (draft-ietf-httpapi-idempotency-key-header §2.7).
 * Runs after the body was read.
 * @example app.post("/api/tanks", jsonBody(…), idempotency({ keysMax: 1024 }), handler)
 */
export function idempotency(options: IdempotencyOptions): ApiMiddleware {
  const answers = new BoundedMap<string, Remembered>(options.keysMax);
  return async function idempotency(c, next) {
    const key = c.req.header("idempotency-key");
    if (key === undefined) return next();
    if (key === "" || key.length > KEY_CHARACTERS_MAX) {
      throw new Problem(
        "bad_request",
        `Idempotency-Key takes 1 to ${KEY_CHARACTERS_MAX} characters`,
      );
    }
    // Includes the path: one route serves many tanks.
    const asked = JSON.stringify([pathOf(c), c.get("bodyText")]);
    const requestDigest = createHash("sha256").update(asked).digest("hex");
    const known = answers.get(key);
    if (known !== undefined) {
      if (known.requestDigest !== requestDigest) {
        throw new Problem("invalid", "This Idempotency-Key was used with another request");
      }
      const { text, status, headers } = await known.answer;
      return new Response(text, { status, headers });
    }
    const { promise, resolve } = Promise.withResolvers<Answer>();
    answers.set(key, { requestDigest, answer: promise });
    await next();
    if (!c.res.ok) answers.delete(key);
    const { status, headers } = c.res;
    resolve({ status, headers: new Headers(headers), text: await c.res.clone().text() });
    return;
  };
}
