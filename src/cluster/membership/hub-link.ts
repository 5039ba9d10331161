import type { Address } from "../../discovery/backend.ts";
import type { JournalPositions } from "../clones/journal-positions.ts";
import type { ClusterDeps } from "../deps.ts";
import type { Acquaintances } from "../peers/acquaintances.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import { HubRegistration } from "../registry/registration.ts";
import type { Registry } from "../registry/registry.ts";
import type { HubHint, PingReply, Registration, RegistryPosition } from "../wire.ts";
import type { Candidate } from "./election.ts";
import { Liveness } from "./liveness.ts";
import type { Membership } from "./membership.ts";
import { Succession } from "./succession.ts";

export interface HubLinkDeps {
  readonly deps: ClusterDeps;
  readonly client: PeerClient;
  readonly lineage: JournalPositions;
  readonly registry: Registry;
  readonly membership: Membership;
  readonly acquaintances: Acquaintances;
  readonly describe: () => Registration;
  readonly dial: (nodeId: string, addresses: readonly Address[]) => void;
  readonly reach: (nodeId: string) => Promise<boolean>;
}

/** A hub that yields to another names it; the worker gets this long to reach that one. */
const REDIRECT_PATIENCE_MS = 1_500;
const NOWHERE: RegistryPosition = { of: null, version: 0 };

/** A worker's tie to its hub: pings, registration, the copy of the registry, and what comes after it. */
export class HubLink {
  readonly #with: HubLinkDeps;
  readonly #liveness: Liveness;
  readonly #registration: HubRegistration;
  readonly #succession: Succession;
  #hub: string | undefined;
  #position = NOWHERE;
  #resignedMs: number | undefined;

  constructor(withDeps: HubLinkDeps) {
    this.#with = withDeps;
    const { deps, client, membership } = withDeps;
    this.#liveness = new Liveness({
      deps,
      client,
      lineage: withDeps.lineage,
      describe: () => this.#describePing(),
      onReply: (hub, reply, rttMs) => this.#hear(hub, reply, rttMs),
      onSilence: (hub) => this.#lose(hub, false),
    });
    this.#registration = new HubRegistration({
      deps,
      client,
      describe: withDeps.describe,
      onRegistered: (serverId) => withDeps.registry.showAs(deps.identity.nodeId, serverId),
      relay: () => this.#relay(),
    });
    this.#succession = new Succession({
      deps,
      liveness: this.#liveness,
      self: () => membership.state.self,
      workers: () => onlineWorkers(withDeps.registry, deps.identity.nodeId),
      reach: withDeps.reach,
      onHeard: (nodeId) => withDeps.registry.see(nodeId),
      onOtherHub: ({ node_id, addresses }) => withDeps.dial(node_id, addresses),
      claim: () => membership.dispatch({ kind: "succeed", nowMs: deps.clock.monotonicMs() }),
      rediscover: () => membership.discover(),
    });
  }

  /** Boot id of the hub whose registry we copy; undefined while it is silent. */
  get vouching(): string | undefined {
    const { suspect, role } = this.#with.membership.state;
    return role === "worker" && !suspect ? (this.#position.of ?? undefined) : undefined;
  }

  follow(hub: string): void {
    this.release();
    this.#hub = hub;
    this.#liveness.watch(hub);
    this.#registration.follow(hub);
  }

  release(): void {
    this.#hub = undefined;
    this.#position = NOWHERE;
    this.#resignedMs = undefined;
    this.#succession.close();
    this.#liveness.release();
    this.#registration.release();
  }

  /** What is registered has changed. */
  registerAgain(): void {
    this.#registration.now();
  }

  unregister(timeoutMs: number): Promise<void> {
    return this.#registration.unregister(timeoutMs);
  }

  hasLost(hub: string): boolean | null {
    return this.#liveness.hasLost(hub);
  }

  /** Somebody asks whether we still hear the hub: find out now. */
  check(): void {
    this.#liveness.pingNow();
  }

  /** The hub has said that it leaves. */
  dismiss(hub: string): void {
    if (hub !== this.#hub) return;
    this.#with.registry.remove(hub);
    this.#lose(hub, true);
  }

  #describePing() {
    const { deps, membership, acquaintances } = this.#with;
    const rttMs = this.#hub === undefined ? undefined : acquaintances.rttMs(this.#hub);
    return {
      cluster: deps.settings.cluster,
      boot_id: deps.bootId,
      term: membership.state.term,
      registry: this.#position,
      ...(rttMs === undefined ? {} : { rtt_ms: rttMs }),
      other_hubs: [...acquaintances.hubs([this.#hub, deps.identity.nodeId])],
    };
  }

  #hear(hub: string, reply: PingReply, rttMs: number): void {
    const { registry, acquaintances, membership } = this.#with;
    if (hub !== this.#hub) return;
    acquaintances.noteRtt(hub, rttMs);
    if (reply.standing.role !== "hub") {
      this.#hearResigned(hub, reply.standing.hub);
      return;
    }
    this.#resignedMs = undefined;
    if (membership.state.suspect) membership.dispatch({ kind: "suspected", suspect: false });
    this.#succession.close();
    registry.see(hub);
    for (const other of acquaintances.hubs([hub])) acquaintances.forgetRole(other.node_id);
    if (!reply.listed && this.#registration.isRegistered) this.#registration.now();
    if (!reply.registry) return;
    const { of, version, more } = reply.registry;
    // An answer to an older ping must not take us back.
    if (of === this.#position.of && version < this.#position.version) return;
    registry.apply(reply.registry);
    this.#position = { of, version };
    if (more) this.#liveness.pingNow();
  }

  /** It follows another now, or has restarted and follows nobody yet. */
  #hearResigned(hub: string, next: HubHint | null): void {
    const { deps, membership, dial } = this.#with;
    const nowMs = deps.clock.monotonicMs();
    this.#resignedMs ??= nowMs;
    if (!membership.state.suspect) membership.dispatch({ kind: "suspected", suspect: true });
    const elsewhere = next && next.node_id !== hub && next.node_id !== deps.identity.nodeId;
    if (elsewhere) dial(next.node_id, next.addresses);
    if (!elsewhere || nowMs - this.#resignedMs > REDIRECT_PATIENCE_MS) this.#lose(hub, true);
  }

  #lose(hub: string, left: boolean): void {
    if (this.#succession.isOpenFor(hub, left)) return;
    const { membership, deps } = this.#with;
    if (!membership.state.suspect) membership.dispatch({ kind: "suspected", suspect: true });
    deps.log.info(left ? "the hub has left" : "the hub has fallen silent", { hub });
    this.#succession.open(hub, left);
  }

  /** Some other node of the cluster that is online and has been met. */
  #relay(): string | undefined {
    const { registry, client, deps } = this.#with;
    return onlineWorkers(registry, deps.identity.nodeId).find(({ nodeId }) => client.pinned(nodeId))
      ?.nodeId;
  }
}

/** The workers that count at a takeover: those with a key that are online. */
export function onlineWorkers(registry: Registry, except: string): readonly Candidate[] {
  return registry
    .entries()
    .filter(({ key, record, status }) => key !== except && record.signed && status === "online")
    .map(({ key, priority, mayClaim }) => ({ nodeId: key, priority, mayClaim }));
}
