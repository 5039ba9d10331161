import { NetworkError } from "../../platform/network.ts";
import type { EndpointReply } from "../http/endpoint.ts";

/** A request that Consul did not carry out. The message is one line for people. */
export class ConsulError extends Error {
  override readonly name = "ConsulError";
}

/** The cause of a refusal that an operator can fix, by the agent's error text. */
const MISSING_PERMISSION =
  /lacks permission '([a-z_-]{1,20}:[a-z]{1,10})'(?: on ("[\w./-]{1,80}"))?/;
const SESSION_TTL = /Invalid Session TTL/i;
const NO_LEADER = /No cluster leader|No path to datacenter|leadership lost/i;
const NEEDS_TLS = /HTTP request (?:was sent )?to an? HTTPS/i;

/** Why an answer is a refusal, with the remedy. It contains no part of a token. */
export function refusalOf(name: string, hasToken: boolean, reply: EndpointReply): ConsulError {
  return new ConsulError(`${name} ${reasonOf(hasToken, reply)}`);
}

function reasonOf(hasToken: boolean, { status, text }: EndpointReply): string {
  if (status === 401 || status === 403) return forbidden(hasToken, text);
  if (NO_LEADER.test(text)) return "has no leader: most of its servers must be up";
  if (SESSION_TTL.test(text)) return "allows no session this short: lower its session_ttl_min";
  if (NEEDS_TLS.test(text)) return "requires TLS: give it as https://… or set CONSUL_HTTP_SSL=true";
  if (status === 429) return "gets too many requests: raise its limits";
  if (status >= 300 && status < 400) return "redirects elsewhere: name the agent itself";
  return `answers ${status}: is that a Consul agent?`;
}

function forbidden(hasToken: boolean, text: string): string {
  if (!hasToken) return "requires a token: set CONSUL_HTTP_TOKEN";
  if (/ACL not found/i.test(text)) return "does not know the token: set another CONSUL_HTTP_TOKEN";
  const [, permission, on] = MISSING_PERMISSION.exec(text) ?? [];
  if (permission === undefined) return "refuses the token: set another CONSUL_HTTP_TOKEN";
  return `refuses the token: it lacks ${permission}${on === undefined ? "" : ` on ${on}`}`;
}

const CERTIFICATE = /certificate/i;

/** Why there is no answer. */
export function silenceOf(name: string, error: unknown): ConsulError {
  const reason = error instanceof NetworkError ? error.reason : "the request failed";
  const mend = CERTIFICATE.test(reason)
    ? "is it for that name, and its authority in NODE_EXTRA_CA_CERTS?"
    : "is the agent running there?";
  return new ConsulError(`${name}: ${reason}; ${mend}`, { cause: error });
}
