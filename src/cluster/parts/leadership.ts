import { DiscoveryManager } from "../../discovery/manager.ts";
import { Checkup } from "../checkup/checkup.ts";
import { DialBack } from "../checkup/dial-back.ts";
import { explainPlaces } from "../handshake/explain-places.ts";
import { Contests } from "../membership/contest.ts";
import { Gatherer } from "../membership/gatherer.ts";
import { HubSeat } from "../membership/hub-seat.ts";
import { LeaseKeeper } from "../membership/lease-keeper.ts";
import { Pinger } from "../membership/pinger.ts";
import { Succession } from "../membership/succession.ts";
import { Upkeep } from "../membership/upkeep.ts";
import { Uplink } from "../membership/uplink.ts";
import { Witnesses } from "../membership/witnesses.ts";
import { HubRegistration } from "../registry/registration.ts";
import { SelfWatch } from "../registry/self-watch.ts";
import { Solitude } from "../solitude/solitude.ts";
import type { BaseParts } from "./base.ts";
import type { ContactParts } from "./contact.ts";
import type { ListingParts } from "./listing.ts";

/** The roles of hub and worker, and what each does for the other. */
export function createLeadership(below: BaseParts & ContactParts & ListingParts) {
  const { deps, description, registry } = below;
  const lagMs = () => upkeep.lagMs;
  const registration = new HubRegistration({
    ...below,
    describe: () => description.registration(),
    onRegistered: (serverId) => registry.showAs(deps.identity.nodeId, serverId),
  });
  const pinger = new Pinger(below);
  const uplink = new Uplink({ ...below, pinger, registration, lagMs });
  const succession = new Succession({ ...below, pinger, uplink });
  const seat = new HubSeat(below);
  const witnesses = new Witnesses({ ...below, lagMs });
  const contests = new Contests({ ...below, seat, witnesses });
  const gatherer = new Gatherer(below);
  const lease = deps.lease && new LeaseKeeper(below, deps.lease);
  const discovery = new DiscoveryManager(deps);
  const selfWatch = new SelfWatch({ ...below, discovery });
  const solitude = new Solitude({
    ...below,
    // It names the places at which nothing answers itself.
    backends: () => below.given.explain(discovery.statuses()),
  });
  const backends = () =>
    explainPlaces(below.given.explain(discovery.statuses()), below.nominations.namedPlaces());
  const dialBack = new DialBack(below);
  const checkup = new Checkup({ ...below, hub: () => below.role.state.hub });
  const upkeep: Upkeep = new Upkeep({
    ...below,
    vouching: () => uplink.vouching,
    refreshSelf: (due) => selfWatch.refresh(due),
    refreshDiscovery: () => discovery.refresh(),
    noticeSolitude: () => solitude.check(),
  });
  return {
    registration,
    uplink,
    succession,
    seat,
    witnesses,
    contests,
    gatherer,
    lease,
    discovery,
    backends,
    selfWatch,
    solitude,
    dialBack,
    checkup,
    upkeep,
  };
}
