import { MdnsBackend } from "../adapters/mdns/backend.ts";
import type { Address, DiscoveryBackend } from "../discovery/backend.ts";
import {
  BACKEND_CHOICES,
  BACKEND_NAMES,
  type BackendName,
  isBackendName,
} from "../discovery/backend-names.ts";
import { HubBackend } from "../discovery/hub/backend.ts";
import type { Clock } from "../platform/clock.ts";
import { Problem } from "../platform/errors.ts";
import type { Machine } from "../platform/machine.ts";
import type { Random } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import type { Log } from "../telemetry/log.ts";

/** What a backend may be made from. */
export interface BackendDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
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

/** A new backend is a folder, its name in `backend-names.ts`, and a line here. */
const BACKENDS: Readonly<Record<BackendName, BackendKind>> = {
  mdns: { create: (deps) => new MdnsBackend(deps), isThere: () => true },
  hub: {
    create: ({ hubs }) => new HubBackend(hubs),
    isThere: ({ hubs }) => hubs.length > 0,
  },
};

/**
 * The backends that `words` ask for: `auto` stands for each whose environment is there, `none` for
 * none. Hub URLs that were given are always used.
 * @throws Problem `bad_setting` for a name that is not known.
 */
export function createBackends(
  words: readonly string[],
  deps: BackendDeps,
): readonly DiscoveryBackend[] {
  const wanted = new Set(words.flatMap((word) => expand(word, deps)));
  if (deps.hubs.length > 0) wanted.add("hub");
  return [...wanted].map((name) => BACKENDS[name].create(deps));
}

function expand(word: string, deps: BackendDeps): readonly BackendName[] {
  if (word === "none") return [];
  if (word === "auto") return BACKEND_NAMES.filter((name) => BACKENDS[name].isThere(deps));
  if (isBackendName(word)) return [word];
  const known = [...BACKEND_NAMES, ...BACKEND_CHOICES].join(", ");
  throw new Problem("bad_setting", `There is no discovery backend "${word}"; give ${known}.`);
}
