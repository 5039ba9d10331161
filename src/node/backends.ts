import { LOCAL_AGENT, readAgentAddress } from "../adapters/consul/address.ts";
import { ConsulAgent, isAgent } from "../adapters/consul/agent.ts";
import { ConsulBackend } from "../adapters/consul/backend.ts";
import { DnsBackend } from "../adapters/dns/backend.ts";
import { EtcdBackend } from "../adapters/etcd/backend.ts";
import { MdnsBackend } from "../adapters/mdns/backend.ts";
import { SerfBackend, type SerfDeps } from "../adapters/serf/backend.ts";
import { isAgentThere } from "../adapters/serf/find-agent.ts";
import { RPC_PORT, SERF_PORT } from "../adapters/serf/own-agent.ts";
import { TailscaleBackend } from "../adapters/tailscale/backend.ts";
import { Observer } from "../adapters/tailscale/observer.ts";
import type { Tailnet } from "../adapters/tailscale/tailnet.ts";
import type { Address, DiscoveryBackend } from "../discovery/backend.ts";
import { BACKEND_NAMES, type BackendName } from "../discovery/backend-names.ts";
import { API_PORT } from "../discovery/host-and-port.ts";
import { NamedBackend } from "../discovery/named-backend.ts";
import { OptionalBackend } from "../discovery/optional-backend.ts";
import { RememberedBackend, type RememberedNode } from "../discovery/remembered-backend.ts";
import { UnreadableBackend } from "../discovery/unreadable-backend.ts";
import type { Clock } from "../platform/clock.ts";
import { Problem } from "../platform/errors.ts";
import type { Machine } from "../platform/machine.ts";
import type { Network } from "../platform/network.ts";
import type { Random } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import type { Log } from "../telemetry/log.ts";
import { readAddresses, readDnsNames } from "./addresses.ts";
import { discoveryEtcd } from "./etcd.ts";
import type { DISCOVERY_SETTINGS } from "./settings/discovery.ts";
import type { SettingFault } from "./settings/faults.ts";
import type { Settings } from "./settings/table.ts";

/** Dependencies of backends. */
export interface BackendDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly machine: Machine;
  readonly network: Network;
  readonly log: Log;
  readonly tailnet: Tailnet;
  /** Hubs that were given by URL. */
  readonly hubs: readonly Address[];
  /** Nodes that earlier runs have connected to. */
  readonly remembered: readonly RememberedNode[];
  readonly settings: Pick<Settings, keyof typeof DISCOVERY_SETTINGS>;
  /** What is wrong with settings of theirs. */
  readonly faults: readonly Pick<SettingFault, "backend" | "reason">[];
}

interface BackendKind {
  /** `isNamed`: the operator has named this one, instead of `auto`. */
  readonly create: (deps: BackendDeps, isNamed: boolean) => DiscoveryBackend;
  /**
   * Whether `auto` uses it: always, when a setting that it needs is given, or while its service is
   * found on this machine.
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
  consul: {
    create: (deps) => new ConsulBackend({ ...deps, agent: consulAgent(deps.settings) }),
    isThere: ({ settings }) =>
      settings.consul !== undefined ||
      settings.consulToken !== undefined ||
      (() => isAgent(consulAgent(settings))),
  },
  etcd: {
    create: (deps) => new EtcdBackend({ ...deps, access: discoveryEtcd(deps.settings) }),
    isThere: ({ settings }) => settings.etcdEndpoints.length > 0,
  },
  tailscale: {
    create: (deps) =>
      new TailscaleBackend({
        ...deps,
        observer: observerOf(deps),
        tags: deps.settings.tailscaleTags,
        ports: likelyPorts(deps),
      }),
    isThere: (deps) => {
      const observer = observerOf(deps);
      return () => observer.isThere();
    },
  },
  hub: {
    create: ({ hubs }) => new NamedBackend("hub", hubs),
    isThere: ({ hubs }) => hubs.length > 0,
  },
  static: {
    create: ({ settings }) => new NamedBackend("static", readAddresses(settings.static)),
    isThere: ({ settings }) => settings.static.length > 0,
  },
  serf: {
    create: (deps, isNamed) => new SerfBackend(serfDeps(deps, isNamed)),
    isThere: (deps) => {
      const { serfJoin, serfRpcAddr } = deps.settings;
      if (serfJoin.length > 0 || serfRpcAddr !== undefined) return true;
      return () => isAgentThere(serfDeps(deps, false));
    },
  },
  dns: {
    create: (deps) => new DnsBackend({ ...deps, names: readDnsNames(deps.settings.dns) }),
    isThere: ({ settings }) => settings.dns.length > 0,
  },
};

/**
 * Where tankd may listen on a machine that nothing is known of: at its usual port, where others of
 * the cluster have answered or are named, and at the next ports, to which it moves where the usual
 * one is taken.
 */
export function likelyPorts({
  settings,
  hubs,
  remembered,
}: Pick<BackendDeps, "hubs" | "remembered"> & {
  readonly settings: Pick<Settings, "static">;
}): readonly number[] {
  const met = remembered.flatMap(({ addresses }) => addresses);
  const known = [...hubs, ...readAddresses(settings.static), ...met].map(({ port }) => port);
  return [...new Set([API_PORT, ...known, API_PORT + 1, API_PORT + 2])];
}

function observerOf({ settings, machine, tailnet, clock }: BackendDeps): Observer {
  const { tailscaleApiKey: key, tailscaleApiUrl: url, tailscaleTailnet } = settings;
  const restApi = key === undefined ? undefined : { key, url, tailnet: tailscaleTailnet };
  const places = { socket: settings.tailscaleSocket, platform: machine.platform };
  return new Observer({ ...places, restApi }, tailnet.localApis, clock);
}

/**
 * The backends that `words` ask for: `auto` stands for each whose environment is there, `none` for
 * none. Hub URLs that were given are always used. One whose settings cannot be read only says so.
 */
export function createBackends(
  words: readonly string[],
  deps: BackendDeps,
): readonly DiscoveryBackend[] {
  const unreadable = unreadableBackends(deps.faults);
  const made = BACKEND_NAMES.flatMap((name) => {
    const isNamed = words.includes(name) || (name === "hub" && deps.hubs.length > 0);
    const isOptional = words.includes("auto");
    const failed = unreadable.get(name);
    if (failed) return isNamed || isOptional || name === "hub" ? failed : [];
    if (isNamed) return BACKENDS[name].create(deps, true);
    return isOptional ? createWhereThere(BACKENDS[name], deps) : [];
  });
  return [...made, ...(unreadable.get("discovery") ?? [])];
}

/** Each has one line for all that is wrong with it. */
function unreadableBackends(
  faults: BackendDeps["faults"],
): ReadonlyMap<string, readonly DiscoveryBackend[]> {
  const byName = Map.groupBy(faults, ({ backend }) => backend);
  return new Map(
    [...byName].map(([name, found]) => {
      const reasons = found.map(({ reason }) => reason);
      return [name, [new UnreadableBackend(name, reasons.join(" "))]];
    }),
  );
}

/** @throws Problem `bad_setting` for an invalid address. */
function consulAgent(settings: BackendDeps["settings"]): ConsulAgent {
  const { consul = LOCAL_AGENT, consulSsl, consulToken: token } = settings;
  const address = readAgentAddress(consul, consulSsl);
  if (!address) throw new Problem("bad_setting", `There is no Consul agent at "${consul}".`);
  return new ConsulAgent({ address, token });
}

function createWhereThere(kind: BackendKind, deps: BackendDeps): readonly DiscoveryBackend[] {
  const isThere = kind.isThere(deps);
  if (isThere === false) return [];
  const backend = kind.create(deps, false);
  return [isThere === true ? backend : new OptionalBackend(backend, isThere)];
}

/** An agent is started only when Serf was named. */
function serfDeps(deps: BackendDeps, isNamed: boolean): SerfDeps {
  const { serfJoin, serfRpcAddr, serfRpcAuth: key } = deps.settings;
  const [rpc] = readAddresses(serfRpcAddr === undefined ? [] : [serfRpcAddr], RPC_PORT);
  const join = readAddresses(serfJoin, SERF_PORT);
  return { ...deps, rpc, key, join, mayStart: isNamed || join.length > 0 };
}
