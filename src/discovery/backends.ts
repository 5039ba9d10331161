import { Problem } from "../platform/errors.ts";
import type { Machine } from "../platform/machine.ts";
import type { Timers } from "../platform/timers.ts";
import type { Log } from "../telemetry/log.ts";
import type { Address, DiscoveryBackend } from "./backend.ts";
import { HubBackend } from "./hub/backend.ts";
import { MdnsBackend } from "./mdns/backend.ts";

/** What a backend may be made from. */
export interface BackendDeps {
  readonly timers: Timers;
  readonly machine: Machine;
  readonly log: Log;
  /** Hubs that were named by URL. */
  readonly hubs: readonly Address[];
}

interface BackendKind {
  readonly create: (deps: BackendDeps) => DiscoveryBackend;
  /** Whether `auto` uses it here. */
  readonly isThere: (deps: BackendDeps) => boolean;
}

/** Every backend there is; a new one is a folder and a line here. */
const BACKENDS: Readonly<Record<string, BackendKind>> = {
  mdns: { create: (deps) => new MdnsBackend(deps), isThere: () => true },
  hub: {
    create: ({ hubs }) => new HubBackend(hubs),
    isThere: ({ hubs }) => hubs.length > 0,
  },
};

export const BACKEND_NAMES: readonly string[] = Object.keys(BACKENDS);

/**
 * The backends that `names` asks for: `auto` stands for each whose environment is there, `none` for
 * none. Hub URLs that were given are always used.
 * @throws Problem `bad_setting` for a name that is not known.
 */
export function createBackends(
  names: readonly string[],
  deps: BackendDeps,
): readonly DiscoveryBackend[] {
  const wanted = new Set(names.flatMap((name) => expand(name, deps)));
  if (deps.hubs.length > 0) wanted.add("hub");
  return [...wanted].flatMap((name) => BACKENDS[name]?.create(deps) ?? []);
}

function expand(name: string, deps: BackendDeps): readonly string[] {
  if (name === "none") return [];
  if (name === "auto") {
    return BACKEND_NAMES.filter((one) => BACKENDS[one]?.isThere(deps));
  }
  if (Object.hasOwn(BACKENDS, name)) return [name];
  throw new Problem(
    "bad_setting",
    `There is no discovery backend "${name}"; the known ones are ${BACKEND_NAMES.join(", ")}, auto and none.`,
  );
}
