import { LIMITS } from "../platform/limits.ts";
import { setting } from "./setting.ts";
import { list, text } from "./setting-kinds.ts";
import { hostAndPort } from "./setting-values.ts";

/** Which agent of Serf is asked, and whom it joins. */
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
    help: "where the Serf agent of this machine is asked",
    defaultHelp: "127.0.0.1:7373, or an agent of its own",
  }),
  serfRpcAuth: setting({
    kind: text(/^[\x20-\x7e]{1,512}$/, "the agent's rpc_auth"),
    default: undefined,
    env: "SERF_RPC_AUTH",
    help: "the key that this agent asks for",
    secret: true,
  }),
} as const;
