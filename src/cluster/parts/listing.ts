import { LIMITS } from "../../platform/limits.ts";
import { TokenBuckets } from "../../platform/token-bucket.ts";
import { dialable } from "../peers/dial-policy.ts";
import { isDialable, isReady, type Peer } from "../peers/peer.ts";
import { Aliases } from "../registry/aliases.ts";
import { Directory } from "../registry/directory.ts";
import { Envelopes, Forwarder } from "../registry/forwarding.ts";
import { Registrar } from "../registry/registrar.ts";
import { Registry } from "../registry/registry.ts";
import { RegistryKeeper } from "../registry/registry-keeper.ts";
import { IncomingTunnels } from "../tunnel/incoming-tunnels.ts";
import { Passage } from "../tunnel/passage.ts";
import { Relays } from "../tunnel/relays.ts";
import type { BaseParts } from "./base.ts";
import type { ContactParts } from "./contact.ts";

/** Whether nodes that say that they are behind a relay are there: questions to each relay. */
const LOOKS_BEHIND_A_RELAY = { perSecond: 1, burst: 8, keysMax: LIMITS.tunnelsMax };

/** Interval at which a relayed node is dialled when a request is sent to it. */
const DIRECT_AGAIN_MS = 30_000;

function isDueDirectly({ relay, dialled }: Peer, nowMs: number): boolean {
  return relay !== undefined && nowMs - (dialled?.startedMs ?? nowMs) >= DIRECT_AGAIN_MS;
}

/** The list of servers, their entries and their names. */
export function createListing(base: BaseParts, contact: ContactParts, notify: () => void) {
  const { deps, table, role, self, events, isMember } = base;
  const { nodeId } = deps.identity;
  const discoveredBy = (id: string) => contact.nominations.discoveredBy(id);
  const keeper = new RegistryKeeper({
    ...deps,
    nodeId,
    onBroken: (reason) => deps.log.warn("the registry cannot be stored", { reason }),
  });
  const registry = new Registry({
    ...deps,
    peers: table,
    nodeId,
    onChange: (key, entry) => {
      keeper.keep(key, entry);
      notify();
    },
  });
  events.on("forgotten", ({ peer }) => registry.noteForgotten(peer));
  const registrar = new Registrar({
    ...base,
    nodeId,
    registry,
    peers: table,
    nominate: (id, named, source) => contact.nominations.confirm(id, named, source),
    discoveredBy,
    heard: (id, bootId) => base.peerClones.heard(id, bootId),
    nowMs: () => deps.clock.monotonicMs(),
  });
  const rule = deps.settings.nameConflict ?? "qualified";
  const aliases: Aliases = new Aliases({
    journal: deps.journal,
    rule,
    locate: (text) => directory.locate(text),
    called: (name) => directory.called(name),
  });
  const viewpoint = () => ({
    selfId: nodeId,
    self: () => self.record(role.state.role),
    ownTanks: () => self.tanks(),
    hub: role.state.hub,
    discoveredBy,
    table,
    isMember: deps.settings.secret === undefined ? undefined : isMember,
  });
  const naming = { alias: (name: string) => aliases.get(name), rule };
  const directory: Directory = new Directory(registry, viewpoint, naming);
  /** Whether a node is more than a key that anybody could make. */
  const isKnown = (id: string): boolean => {
    const peer = table.get(id);
    if (peer === undefined) return false;
    const isProvenMember = deps.settings.secret !== undefined && peer.isMember;
    return isProvenMember || tunnels.holds(id) || table.isConfirmed(peer);
  };
  const envelopes = new Envelopes({ ...base, peers: table, clock: deps.clock, isKnown });
  /** Shakes hands with a listed node if necessary. */
  const meet = async (id: string): Promise<boolean> => {
    const entry = registry.get(id);
    const peer = table.get(id);
    // If the node holds a tunnel, an address that was never tried is not waited for.
    const mayAnswer = isDialable(peer) ?? entry?.relay === undefined;
    const isReached = mayAnswer || peer?.relay !== undefined;
    if (isReady(peer) && isReached) {
      // In parallel to the request, which still goes through the relay.
      if (isDueDirectly(peer, deps.clock.monotonicMs())) void contact.dialer.dial(id);
      return true;
    }
    if (!entry) return isReady(peer);
    if (!table.ensure(id)) return false;
    table.addAddresses(id, dialable(entry.addresses, base.policy()), "hub");
    return (await contact.dialer.reach(id)).kind === "met";
  };
  const meetDirectly = async (id: string): Promise<boolean> => {
    const entry = registry.get(id);
    if (isReady(table.get(id)) && isDialable(table.get(id)) === true) return true;
    if (!entry || !table.ensure(id)) return false;
    table.addAddresses(id, dialable(entry.addresses, base.policy()), "hub");
    return (await contact.dialer.dial(id)).kind === "met";
  };
  const tunnels = new IncomingTunnels(base);
  base.client.tunnels = tunnels;
  const passage = new Passage(deps);
  const looks = new TokenBuckets(deps.clock, LOOKS_BEHIND_A_RELAY);
  const { discoveryTimeoutMs: timeoutMs } = deps.settings.timing;
  const forwarder = new Forwarder({ client: base.client, passage, timeoutMs });
  const relays = new Relays({ ...base, registry, meet, meetDirectly, tunnels, passage });
  contact.dialer.relayTo = (id) => relays.relayTo(id);
  return {
    keeper,
    registry,
    registrar,
    aliases,
    directory,
    envelopes,
    forwarder,
    tunnels,
    relays,
    passage,
    looks,
    meet,
    isKnown,
  };
}

export type ListingParts = ReturnType<typeof createListing>;
