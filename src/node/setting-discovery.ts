import { AGENT_ADDRESS_FORM, isAgentAddress, LOCAL_AGENT } from "../adapters/consul/address.ts";
import { ENDPOINT_FORM, ENDPOINTS_MAX, readEndpoint } from "../adapters/etcd/access.ts";
import { LIMITS } from "../platform/limits.ts";
import { setting } from "./setting.ts";
import { list, text, toggle } from "./setting-kinds.ts";
import { hostAndPort, pem } from "./setting-values.ts";

/** What the discovery backends need to know; each is used by `auto` once it is said. */
export const DISCOVERY_SETTINGS = {
  static: setting({
    kind: list(hostAndPort, LIMITS.labelsMax),
    default: [] as readonly string[],
    flag: "--static",
    placeholder: "addresses",
    env: "TANKD_STATIC",
    help: "addresses of other nodes, of which any may lead; the port is 8000 where none is given",
  }),
  etcdEndpoints: setting({
    kind: list(
      text((value) => readEndpoint(value) !== undefined, ENDPOINT_FORM),
      ENDPOINTS_MAX,
    ),
    default: [] as readonly string[],
    flag: "--etcd-endpoints",
    placeholder: "urls",
    env: "ETCD_ENDPOINTS",
    help: "members of the etcd through which nodes find each other",
    defaultHelp: "for --discovery etcd http://127.0.0.1:2379",
  }),
  etcdUser: setting({
    kind: text(/^[^\p{Cc}]{1,256}$/u, "the name of a user of etcd"),
    default: undefined,
    env: "TANKD_ETCD_USER",
    help: "user of etcd, where it asks for one",
  }),
  etcdPassword: setting({
    kind: text(/^[^\0]{1,1024}$/, "the password of that user"),
    default: undefined,
    env: "TANKD_ETCD_PASSWORD",
    help: "its password",
    secret: true,
  }),
  etcdCa: setting({
    kind: pem,
    default: undefined,
    env: "TANKD_ETCD_CA",
    help: "certificate of the authority of etcd's own",
    secret: true,
  }),
  etcdCert: setting({
    kind: pem,
    default: undefined,
    env: "TANKD_ETCD_CERT",
    help: "certificate that etcd wants to see of us",
    secret: true,
  }),
  etcdKey: setting({
    kind: pem,
    default: undefined,
    env: "TANKD_ETCD_KEY",
    help: "its private key",
    secret: true,
  }),
  consul: setting({
    kind: text(isAgentAddress, AGENT_ADDRESS_FORM),
    default: undefined,
    flag: "--consul",
    placeholder: "address",
    env: "CONSUL_HTTP_ADDR",
    help: "the Consul agent that this node registers with and asks for others",
    defaultHelp: `${LOCAL_AGENT}, where an agent answers there`,
  }),
  consulSsl: setting({
    kind: toggle(),
    default: false,
    env: "CONSUL_HTTP_SSL",
    help: "speak https with the Consul agent, whatever its address says",
  }),
  consulToken: setting({
    kind: text(/^[\x21-\x7e]{1,512}$/, "a token of Consul"),
    default: undefined,
    env: "CONSUL_HTTP_TOKEN",
    help: "token for the Consul agent; it needs service:write on tankd and node:read",
    secret: true,
  }),
} as const;
