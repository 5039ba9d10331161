import { Problem } from "../../platform/errors.ts";
import { type ApiMiddleware, isSafe, upgradesToSocket } from "../env.ts";
import { hostOf } from "./host-check.ts";

/**
 * Refuses WebSocket handshakes and changes that a page of another origin makes. A browser sends
 * Origin with both; programs send none and are let through to the token.
 * Runs after the host check: what equals our Host is then ours.
 */
export function originCheck(): ApiMiddleware {
  return async function originCheck(c, next) {
    const origin = c.req.header("origin");
    if (origin !== undefined && (upgradesToSocket(c) || !isSafe(c.req.method))) {
      if (!isSameOrigin(origin, c.req.header("host") ?? "")) {
        throw new Problem(
          "foreign_origin",
          `A page of ${origin.slice(0, 255)} may not act on this node; open the node's own page. ` +
            "A proxy in between must pass the Host on",
        );
      }
    }
    await next();
  };
}

/** Whether an Origin (RFC 6454) names the host and port that the request was sent to. */
export function isSameOrigin(origin: string, host: string): boolean {
  const match = /^(https?):\/\/([^/?#@\\]+)$/i.exec(origin);
  if (match?.[1] === undefined || match[2] === undefined) return false;
  // Behind a TLS proxy the Host has no port and the scheme is known to the browser only.
  const defaultPort = match[1].toLowerCase() === "https" ? 443 : 80;
  const asked = hostAndPort(host, defaultPort);
  return asked !== undefined && asked === hostAndPort(match[2], defaultPort);
}

function hostAndPort(text: string, defaultPort: number): string | undefined {
  const host = hostOf(text);
  if (host === undefined) return undefined;
  const port = /:(\d+)$/.exec(text.replace(/^\[.*\]/, ""))?.[1];
  return `${host}:${Number(port ?? defaultPort)}`;
}
