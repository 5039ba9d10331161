import { matchedRoutes } from "hono/route";
import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import { textIn } from "../../platform/text-in.ts";
import { BoundedLog } from "../../telemetry/bounded-log.ts";
import type { Log } from "../../telemetry/log.ts";
import { type ApiContextOf, type ApiMiddleware, isSafe, pathOf } from "../env.ts";
import { operationIdOf } from "../operation-ids.ts";

export interface LogChangesOptions {
  readonly log: Log;
  readonly clock: Clock;
}

/** Heartbeats, tests of connections, and what nodes say to each other change nothing by order. */
const NO_CHANGE = /\/heartbeat(\/|$)|^\/api\/doctor$|^\/api\/cluster\/(?!(join|leave)$)/;

/**
 * Logs who has changed what: one line for each accepted request that changes something and is not
 * signed by another node.
 */
export function logChanges({ log, clock }: LogChangesOptions): ApiMiddleware {
  const lines = new BoundedLog(log, clock, {
    token: { perSecond: LIMITS.orderLinesPerSecond, burst: LIMITS.orderLinesBurst },
    unsigned: { perSecond: LIMITS.strangerLinesPerSecond, burst: LIMITS.strangerLinesBurst },
  });
  return async function logChanges(c, next) {
    await next();
    const actor = actorOf(c);
    if (actor === undefined || isSafe(c.req.method) || c.res.status >= 400) return;
    const path = pathOf(c);
    if (NO_CHANGE.test(path)) return;
    const route = matchedRoutes(c).at(-1)?.path ?? path;
    lines.info(actor, "change accepted", {
      actor,
      address: c.env.remoteAddress,
      command: operationIdOf(c.req.method, route.replaceAll(/:(\w+)/g, "{$1}")),
      method: c.req.method,
      path,
      ...subjectOf(c, route, path),
    });
  };
}

/** Who holds the control token of this node, or anybody; undefined for another node. */
function actorOf(c: ApiContextOf): "token" | "unsigned" | undefined {
  if (c.env.orderedBy !== undefined) return undefined;
  if (c.get("controlled")) return "token";
  return c.req.header("signature") === undefined ? "unsigned" : undefined;
}

/** Which tank and which server, as far as path, body or answer name one. */
function subjectOf(c: ApiContextOf, route: string, path: string) {
  const ofBody = (name: string) => textIn(c.get("body"), name);
  const made = c.res.headers.get("location")?.split("/").at(-1);
  return {
    tank: segmentAt(":tank_id", route, path) ?? made ?? ofBody("source_tank_id") ?? ofBody("tank"),
    to_tank: ofBody("destination_tank_id"),
    server_id: segmentAt(":server_id", route, path) ?? ofBody("server_id"),
    hub: ofBody("url"),
  };
}

function segmentAt(name: string, route: string, path: string): string | undefined {
  const at = route.split("/").indexOf(name);
  return at === -1 ? undefined : path.split("/")[at];
}
