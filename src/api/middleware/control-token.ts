import { createHash, timingSafeEqual } from "node:crypto";
import { Problem } from "../../platform/errors.ts";
import type { ApiContextOf, ApiMiddleware } from "../env.ts";

export interface ControlTokenOptions {
  readonly token: string;
}

/**
 * Lets only those pass that carry the control token.
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
 * Notes in `controlled` whether the token came along, for routes that peers may call without one.
 * A wrong token is refused all the same: its sender believes to have a right.
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

/** Takes the same time for every wrong token: digests have one length and are compared whole. */
function equal(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return wanted !== "" && timingSafeEqual(digest(given), digest(wanted));
}
