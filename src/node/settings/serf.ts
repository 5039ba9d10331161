import { LIMITS } from "../../platform/limits.ts";
import { list, text } from "./kinds.ts";
import { setting } from "./setting.ts";
import { hostAndPort } from "./values.ts";

/** The Serf agent to use, and the agents that it joins. */
export const SERF_SETTINGS = {
  serfJoin: setting({
    kind: list(hostAndPort, LIMITS.labelsMax),
    default: [] as readonly string[],
    flag: "--serf-join",
    placeholder: "addresses",
    env: "SERF_JOIN",
    help: "Serf agents to join; the port is 7946 where none is given",
  }),
  serfRpcAddr: setting({
    kind: hostAndPort,
    default: undefined,
    flag: "--serf-rpc-addr",
    placeholder: "address",
    env: "SERF_RPC_ADDR",
    help: "RPC address of this machine's Serf agent",
    defaultHelp: "127.0.0.1:7373, or an agent of its own",
  }),
  serfRpcAuth: setting({
    kind: text(/^[\x20-\x7e]{1,512}$/, "the agent's rpc_auth"),
    default: undefined,
    env: "SERF_RPC_AUTH",
    help: "the authentication key of that agent",
    secret: true,
  }),
} as const;
