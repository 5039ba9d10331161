import { DnsBackend } from "../adapters/dns/backend.ts";
import { MdnsBackend } from "../adapters/mdns/backend.ts";
import type { Address, DiscoveryBackend } from "../discovery/backend.ts";
import {
  BACKEND_CHOICES,
  BACKEND_NAMES,
  type BackendName,
  isBackendName,
} from "../discovery/backend-names.ts";
import { NamedBackend } from "../discovery/named-backend.ts";
import { OptionalBackend } from "../discovery/optional-backend.ts";
import { RememberedBackend, type RememberedNode } from "../discovery/remembered-backend.ts";
import type { Clock } from "../platform/clock.ts";
import { Problem } from "../platform/errors.ts";
import type { Machine } from "../platform/machine.ts";
import type { Network } from "../platform/network.ts";
import type { Random } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import type { Log } from "../telemetry/log.ts";
import { readAddresses, readDnsNames } from "./addresses.ts";
import type { DISCOVERY_SETTINGS } from "./setting-discovery.ts";
import type { Settings } from "./settings.ts";

/** What a backend may be made from. */
export interface BackendDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly machine: Machine;
  readonly network: Pick<Network, "resolve">;
  readonly log: Log;
  /** Hubs that were named by URL. */
  readonly hubs: readonly Address[];
  /** Nodes that earlier runs have met. */
  readonly remembered: readonly RememberedNode[];
  readonly settings: Pick<Settings, keyof typeof DISCOVERY_SETTINGS>;
}

interface BackendKind {
  readonly create: (deps: BackendDeps) => DiscoveryBackend;
  /**
   * Whether `auto` uses it: always, by a setting that names what it needs, or while a look at this
   * machine finds that.
   */
  readonly isThere: (deps: BackendDeps) => boolean | (() => Promise<boolean>);
}

/** A new backend is a folder, its name in `backend-names.ts`, and a line here. */
const BACKENDS: Readonly<Record<BackendName, BackendKind>> = {
  remembered: {
    create: ({ remembered }) => new RememberedBackend(remembered),
    isThere: ({ remembered }) => remembered.length > 0,
  },
  mdns: { create: (deps) => new MdnsBackend(deps), isThere: () => true },
  hub: {
    create: ({ hubs }) => new NamedBackend("hub", hubs),
    isThere: ({ hubs }) => hubs.length > 0,
  },
  static: {
    create: ({ settings }) => new NamedBackend("static", readAddresses(settings.static)),
    isThere: ({ settings }) => settings.static.length > 0,
  },
  dns: {
    create: (deps) => new DnsBackend({ ...deps, names: readDnsNames(deps.settings.dns) }),
    isThere: ({ settings }) => settings.dns.length > 0,
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
  const named = new Set(words.flatMap(namesOf));
  if (deps.hubs.length > 0) named.add("hub");
  return BACKEND_NAMES.flatMap((name) => {
    if (named.has(name)) return BACKENDS[name].create(deps);
    return words.includes("auto") ? createWhereThere(BACKENDS[name], deps) : [];
  });
}

function createWhereThere(kind: BackendKind, deps: BackendDeps): readonly DiscoveryBackend[] {
  const isThere = kind.isThere(deps);
  if (isThere === false) return [];
  const backend = kind.create(deps);
  return [isThere === true ? backend : new OptionalBackend(backend, isThere)];
}

function namesOf(word: string): readonly BackendName[] {
  if (BACKEND_CHOICES.some((choice) => choice === word)) return [];
  if (isBackendName(word)) return [word];
  const known = [...BACKEND_NAMES, ...BACKEND_CHOICES].join(", ");
  throw new Problem("bad_setting", `There is no discovery backend "${word}"; give ${known}.`);
}
