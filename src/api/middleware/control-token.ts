import { createHash, timingSafeEqual } from "node:crypto";
import { Problem } from "../../platform/errors.ts";
import type { ApiContextOf, ApiMiddleware } from "../env.ts";

export interface ControlTokenOptions {
  readonly token: string;
}

/**
 * Requires the control token.
 * @example app.delete("/api/tanks/:tank_id", requireToken({ token }), handler)
 */
export function requireToken(options: ControlTokenOptions): ApiMiddleware {
  return async function requireToken(c, next) {
    if (bearer(c) === undefined) {
      throw new Problem(
        "token_required",
        "Send the control token as Authorization: Bearer; " +
          "it is in the file `token` of the data directory",
      );
    }
    readToken(c, options);
    await next();
  };
}

/**
 * Sets `controlled` to whether the token was sent, for routes that peers may call without one. A
 * wrong token is refused, since its sender believes it is authorised.
 */
export function noteToken(options: ControlTokenOptions): ApiMiddleware {
  return async function noteToken(c, next) {
    c.set("controlled", false);
    if (bearer(c) !== undefined) readToken(c, options);
    await next();
  };
}

function readToken(c: ApiContextOf, options: ControlTokenOptions): void {
  if (!equal(bearer(c) ?? "", options.token)) {
    throw new Problem("token_required", "This is not the control token of this node");
  }
  c.set("controlled", true);
}

function bearer(c: ApiContextOf): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
}

/** Constant time for every wrong token: digests of equal length are compared. */
function equal(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return wanted !== "" && timingSafeEqual(digest(given), digest(wanted));
}
