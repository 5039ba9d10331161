import { LIMITS } from "../../platform/limits.ts";
import { CONSUL_SETTINGS } from "./consul.ts";
import { ETCD_SETTINGS } from "./etcd.ts";
import { list } from "./kinds.ts";
import { SERF_SETTINGS } from "./serf.ts";
import { ofBackend, setting } from "./setting.ts";
import { TAILSCALE_SETTINGS } from "./tailscale.ts";
import { dnsName, hostAndPort } from "./values.ts";

/** Settings of discovery backends; `auto` uses each backend whose setting is given. */
export const DISCOVERY_SETTINGS = {
  static: setting({
    failsOnly: "static",
    kind: list(hostAndPort, LIMITS.labelsMax),
    default: [] as readonly string[],
    flag: "--static",
    placeholder: "addresses",
    env: "TANKD_STATIC",
    help: "addresses of other nodes, any of which may be hub; the default port is 8000",
  }),
  dns: setting({
    failsOnly: "dns",
    kind: list(dnsName, LIMITS.dnsNamesMax),
    default: [] as readonly string[],
    flag: "--dns",
    placeholder: "names",
    env: "TANKD_DNS",
    help:
      "names in DNS that lead to other nodes: " +
      "by _tankd._tcp SRV records, or by their addresses",
  }),
  ...ofBackend("tailscale", TAILSCALE_SETTINGS),
  ...ofBackend("serf", SERF_SETTINGS),
  ...ofBackend("consul", CONSUL_SETTINGS),
  ...ofBackend("etcd", ETCD_SETTINGS),
} as const;
