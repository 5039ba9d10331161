import { formatHostPort } from "../../discovery/addresses.ts";
import { readHostAndPort } from "../../discovery/host-and-port.ts";

/** Where a Consul agent listens. */
export interface AgentAddress {
  /** `http://…` or `https://…` without a path. */
  readonly origin: string;
  readonly socketPath?: string;
  /** The path prefix that a reverse proxy needs: empty, or `/…` without a final slash. */
  readonly pathPrefix: string;
}

/** The default address of an agent. */
export const LOCAL_AGENT = "127.0.0.1:8500";

/** Completes "give …". */
export const AGENT_ADDRESS_FORM =
  "the address of a Consul agent, like 127.0.0.1:8500, https://consul.example.org:8501 or " +
  "unix:///run/consul.sock";

const SCHEME = /^([a-z]+):\/\/(.*)$/;
/** Path segments that need no escaping; none of them is `.` or `..`. */
const PREFIX = /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)*\/?$/;

/**
 * Reads `CONSUL_HTTP_ADDR` as Consul's own tools do: `host:port`, `http://…`, `https://…` (both
 * with a path if a proxy needs one) or `unix:///path`. Undefined for anything else.
 * @param useTls value of `CONSUL_HTTP_SSL`: https even if the address says otherwise
 */
export function readAgentAddress(text: string, useTls = false): AgentAddress | undefined {
  const [, scheme = "http", rest = text] = SCHEME.exec(text) ?? [];
  if (scheme === "unix") return readSocketPath(rest);
  if (scheme !== "http" && scheme !== "https") return undefined;
  const slash = rest.indexOf("/");
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? "" : rest.slice(slash);
  const { host, port } = readHostAndPort(authority) ?? {};
  if (host === undefined || !PREFIX.test(path)) return undefined;
  const isTls = useTls || scheme === "https";
  const place = { host, port: port ?? (isTls ? 443 : 80) };
  return {
    origin: `${isTls ? "https" : "http"}://${formatHostPort(place)}`,
    pathPrefix: path.replace(/\/$/, ""),
  };
}

export function isAgentAddress(text: string): boolean {
  return readAgentAddress(text) !== undefined;
}

/** The agent's name in messages. */
export function nameOf({ origin, socketPath, pathPrefix }: AgentAddress): string {
  return `consul at ${socketPath ?? origin}${pathPrefix}`;
}

/** The kernel accepts 108 bytes, including the final zero. */
const SOCKET_PATH = /^\/[^\0]{1,106}$/;

function readSocketPath(path: string): AgentAddress | undefined {
  if (!SOCKET_PATH.test(path)) return undefined;
  return { origin: "http://localhost", socketPath: path, pathPrefix: "" };
}
