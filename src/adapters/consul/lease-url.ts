import { formatHostPort } from "../../discovery/addresses.ts";
import { readHostAndPort } from "../../discovery/host-and-port.ts";
import type { AgentAddress } from "./address.ts";

/** A lease in Consul as `--lease` names it. */
export interface ConsulLeaseUrl {
  readonly address: AgentAddress;
  /** Undefined for the default key of the cluster. */
  readonly key: string | undefined;
}

/** Completes "give …". */
export const CONSUL_LEASE_FORM =
  "a URL like consul://127.0.0.1:8500 or consuls://consul.example.org:8501/some/key (TLS); the " +
  "token is CONSUL_HTTP_TOKEN";

const URL_FORM = /^(consuls?):\/\/([^/]+)(?:\/(.*))?$/;
/** Default ports of agents for HTTP and, if configured, for HTTPS. */
const PORTS = { consul: 8500, consuls: 8501 } as const;
/** Keys that every version of Consul accepts; no part is `..`. */
const KEY = /^(?!\/)(?:(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.,-]+(?:\/|$))+(?<!\/)$/;
const KEY_CHARACTERS_MAX = 256;

/** Undefined for any other URL. It has no credentials: members show it to each other. */
export function readLeaseUrl(text: string): ConsulLeaseUrl | undefined {
  const [, scheme, authority = "", key = ""] = URL_FORM.exec(text) ?? [];
  if (scheme !== "consul" && scheme !== "consuls") return undefined;
  const { host, port = PORTS[scheme] } = readHostAndPort(authority) ?? {};
  if (host === undefined) return undefined;
  if (key !== "" && (key.length > KEY_CHARACTERS_MAX || !KEY.test(key))) return undefined;
  const origin = `${scheme === "consul" ? "http" : "https"}://${formatHostPort({ host, port })}`;
  return { address: { origin, pathPrefix: "" }, key: key === "" ? undefined : key };
}

/** The key of the lock that decides the hub of a cluster. */
export function keyOfCluster(cluster: string): string {
  return `tankd/${cluster}/hub`;
}
