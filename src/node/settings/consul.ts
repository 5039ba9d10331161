import { AGENT_ADDRESS_FORM, isAgentAddress, LOCAL_AGENT } from "../../adapters/consul/address.ts";
import { text, toggle } from "./kinds.ts";
import { setting } from "./setting.ts";

/** The Consul agent that a node registers with. */
export const CONSUL_SETTINGS = {
  consul: setting({
    kind: text(isAgentAddress, AGENT_ADDRESS_FORM),
    default: undefined,
    flag: "--consul",
    placeholder: "address",
    env: "CONSUL_HTTP_ADDR",
    help: "the Consul agent that this node registers with and finds others through",
    defaultHelp: `${LOCAL_AGENT}, if an agent answers there`,
  }),
  consulSsl: setting({
    kind: toggle(),
    default: false,
    env: "CONSUL_HTTP_SSL",
    help: "use https for the Consul agent, whatever the scheme of its address",
  }),
  consulToken: setting({
    kind: text(/^[\x21-\x7e]{1,512}$/, "a token of Consul"),
    default: undefined,
    env: "CONSUL_HTTP_TOKEN",
    help: "token for the Consul agent; it needs service:write on tankd and node:read",
    secret: true,
  }),
} as const;
