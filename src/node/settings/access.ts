import { readCidr } from "../../discovery/cidr.ts";
import { LIMITS } from "../../platform/limits.ts";
import { integer, list, text } from "./kinds.ts";
import { setting } from "./setting.ts";

const cidr = text(
  (value) => readCidr(value) !== undefined,
  "an address or a network like 127.0.0.1, 10.0.0.0/8 or fd00::/8",
);

/** Names and proxies through which the API may be used. */
export const ACCESS_SETTINGS = {
  allowHost: setting({
    kind: list(text(/^[A-Za-z0-9.*_-]{1,253}$/, "a host name"), LIMITS.labelsMax),
    default: [] as readonly string[],
    flag: "--allow-host",
    placeholder: "name",
    env: "TANKD_ALLOW_HOST",
    help: "an additional name that requests may use for this node; may be repeated",
  }),
  trustedProxy: setting({
    kind: list(cidr, LIMITS.labelsMax),
    default: [] as readonly string[],
    flag: "--trusted-proxy",
    placeholder: "cidr",
    env: "TANKD_TRUSTED_PROXY",
    help:
      "proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted, " +
      "for limits per address and the addresses of registered servers; may be repeated",
  }),
  connectionsPerAddress: setting({
    kind: integer(1, LIMITS.connectionsPerAddressMax),
    // A lecture hall behind one router: 512 viewers, each with a WebSocket and a connection for
    // requests.
    default: 1024,
    flag: "--connections-per-address",
    placeholder: "number",
    env: "TANKD_CONNECTIONS_PER_ADDRESS",
    help:
      "connections that one address (IPv6: one /64) may hold, but no more than half of those " +
      "that the limit of open files leaves; loopback and trusted proxies may hold any number",
  }),
} as const;
