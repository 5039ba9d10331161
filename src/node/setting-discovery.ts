import { AGENT_ADDRESS_FORM, isAgentAddress, LOCAL_AGENT } from "../adapters/consul/address.ts";
import { LIMITS } from "../platform/limits.ts";
import { setting } from "./setting.ts";
import { list, text, toggle } from "./setting-kinds.ts";
import { hostAndPort } from "./setting-values.ts";

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
