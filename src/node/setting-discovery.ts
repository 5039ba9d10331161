import { LIMITS } from "../platform/limits.ts";
import { setting } from "./setting.ts";
import { list } from "./setting-kinds.ts";
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
} as const;
