import { mergeAddresses } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { Problem } from "../../platform/errors.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import { isDialable } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { Admission, owns } from "./admission.ts";
import type { Claimant } from "./claimant.ts";
import { Listing, type Outcome } from "./listing.ts";
import type { Heartbeat, Registration } from "./registration-messages.ts";
import {
  declaredAddress,
  figuresOf,
  intervalOf,
  isWhole,
  recordOf,
  saidIn,
} from "./registration-record.ts";
import type { Registry } from "./registry.ts";
import { type Entry, unsignedKey } from "./registry-entry.ts";
import { UnsignedServers } from "./unsigned-servers.ts";

export interface RegistrarDeps {
  readonly nodeId: string;
  readonly registry: Registry;
  readonly peers: PeerTable;
  /**
   * A node may be there: it is dialled, and listed once it has registered itself. `source` is the
   * IP that says so; undefined for the operator, who may name any address.
   */
  readonly nominate: (
    nodeId: string,
    addresses: readonly Address[],
    source: string | undefined,
  ) => void;
  readonly policy: () => DialPolicy;
  readonly discoveredBy: (nodeId: string) => readonly string[];
  /**
   * A start of a node makes itself known. @throws Problem `directory_copied` for the later of two.
   */
  readonly heard: (nodeId: string, bootId: string) => void;
  /** Whether a node belongs to the cluster: all do if there is no secret. */
  readonly isMember: (nodeId: string) => boolean;
  readonly nowMs: () => number;
}

/**
 * Keeps the list of servers as a hub: decides who may register what, in both families of discovery
 * endpoints. A node speaks only for itself, by its signature. A record that names a node and is not
 * signed by it only says where to dial. A server without a key may change what it has registered
 * from the same address, and never gets the name of a node.
 */
export class Registrar {
  readonly #with: RegistrarDeps;
  readonly #admission: Admission;
  readonly #listing: Listing;
  readonly #unsigned: UnsignedServers;

  constructor(withDeps: RegistrarDeps) {
    this.#with = withDeps;
    this.#admission = new Admission({
      ...withDeps,
      isOwn: (ip) => withDeps.policy().own.includes(ip),
    });
    this.#listing = new Listing(withDeps);
    const admission = this.#admission;
    this.#unsigned = new UnsignedServers({ ...withDeps, admission, listing: this.#listing });
  }

  /**
   * Lists a server, or dials a node that another party names. `defaultIntervalMs` applies to a new
   * server that declares no interval.
   * @throws Problem `conflict`, `invalid`, `not_trusted` or `too_many`.
   */
  register(body: Registration, claimant: Claimant, defaultIntervalMs: number): Outcome {
    const { signer } = claimant;
    const nodeId = body.node_id ?? undefined;
    if ((signer ?? nodeId) === this.#with.nodeId) {
      throw new Problem(
        "invalid",
        "This is the record of this node itself; register another one here.",
      );
    }
    if (signer !== undefined) {
      this.#refuseOthers(nodeId, signer);
      this.#refuseCopy(signer, body);
      return this.#registerNode(body, signer, claimant, defaultIntervalMs);
    }
    this.#admission.refuseUnknownForwarder(claimant);
    if (nodeId !== undefined) return this.#nominate(nodeId, body, claimant, defaultIntervalMs);
    return this.#unsigned.register(body, claimant, defaultIntervalMs);
  }

  /**
   * A heartbeat. With its whole record, an unlisted server is registered.
   * @throws Problem `unknown_server`, `not_trusted` if another party speaks for a node, and what
   * {@link register} throws.
   */
  beat(
    serverId: string,
    body: Heartbeat,
    claimant: Claimant,
    defaultIntervalMs: number,
  ): Pick<Outcome, "serverId" | "intervalMs"> {
    const { signer } = claimant;
    const isItsOwn = signer !== undefined || (body.node_id ?? null) === null;
    if (isItsOwn && isWhole(body, serverId)) {
      return this.register(body, claimant, defaultIntervalMs);
    }
    if (signer !== undefined) {
      this.#refuseOthers(body.node_id ?? undefined, signer);
      this.#refuseCopy(signer, body);
    } else {
      this.#admission.refuseUnknownForwarder(claimant);
    }
    const entry = this.#entryFor(serverId, claimant);
    if (signer === undefined && entry.record.signed) {
      throw new Problem("not_trusted", "The heartbeats of a node must be signed; this one is not.");
    }
    if (signer !== undefined || entry.record.signed) {
      this.#with.registry.beat(entry.key, figuresOf(body));
    } else {
      this.#unsigned.beat(entry, body, claimant);
    }
    return { serverId: entry.record.server_id, intervalMs: entry.intervalMs };
  }

  /**
   * Removes a server from the list; `bootId` tells which start of a node leaves.
   * @throws Problem `unknown_server`, or `not_trusted` for another party's entry.
   */
  unregister(serverId: string, bootId: string | undefined, claimant: Claimant): void {
    this.#admission.refuseUnknownForwarder(claimant);
    const entry = this.#entryFor(serverId, claimant);
    const isStranger = claimant.signer === undefined && !claimant.controlled;
    if (isStranger && entry.record.signed) {
      throw new Problem("not_trusted", "A node may only unregister itself.");
    }
    if (isStranger && claimant.via !== undefined && claimant.via !== entry.via) {
      throw new Problem("not_trusted", "That server did not register through the node you asked.");
    }
    // The later of two starts with one key removes only itself, not the other.
    if (bootId !== undefined && entry.bootId !== "" && bootId !== entry.bootId) return;
    this.#with.registry.remove(entry.key);
  }

  #registerNode(
    body: Registration,
    nodeId: string,
    claimant: Claimant,
    defaultIntervalMs: number,
  ): Outcome {
    const { registry, nominate } = this.#with;
    const addresses = this.#addressesOf(body, claimant);
    // Listed at the address where it has answered; until then at the address that it states.
    const reached = this.#reachedAmong(nodeId, addresses);
    const address = reached ?? addresses[0];
    if (!address) throw new Problem("invalid", "The record names no host and port to dial.");
    const known = registry.get(nodeId);
    const intervalMs = intervalOf(body, known, defaultIntervalMs);
    if (!known) this.#admission.admit(nodeId, claimant);
    const record = {
      ...recordOf(body, address, nodeId, this.#with.isMember(nodeId)),
      rtt_ms: known?.record.rtt_ms ?? null,
      reachable: reached !== undefined,
      discovered_by: [...this.#with.discoveredBy(nodeId)],
    };
    const mayClaim = record.member && (body.standing?.may_claim ?? false);
    // The first forwarder stays recorded.
    const via = known && known.status !== "offline" ? known.via : claimant.via;
    const { source } = claimant;
    const outcome = this.#listing.list(
      {
        ...saidIn(body),
        key: nodeId,
        record,
        addresses,
        mayClaim,
        intervalMs,
        source,
        via,
        relay: body.relay ?? undefined,
      },
      claimant,
    );
    if (!reached) nominate(nodeId, addresses, claimant.source);
    return outcome;
  }

  /** Another party says that a node is there; only the node itself can give details. */
  #nominate(
    nodeId: string,
    body: Registration,
    claimant: Claimant,
    defaultIntervalMs: number,
  ): Outcome {
    const { registry, nominate } = this.#with;
    const known = registry.get(nodeId);
    const intervalMs = intervalOf(body, known, defaultIntervalMs);
    if (known?.status === "online" && registry.isConfirmed(nodeId)) {
      return { status: "registered", serverId: known.record.server_id, intervalMs };
    }
    const declared = declaredAddress(body);
    // The operator's address is used as given; others may name alternatives, which are checked.
    const addresses =
      claimant.controlled && declared.length > 0
        ? declared
        : mergeAddresses(declared, body.addresses ?? []);
    if (addresses.length === 0) {
      throw new Problem("invalid", "The record names no host and port to dial.");
    }
    nominate(nodeId, addresses, claimant.controlled ? undefined : claimant.source);
    return {
      status: "confirming",
      serverId: known?.record.server_id ?? body.server_id,
      intervalMs,
    };
  }

  #entryFor(serverId: string, claimant: Claimant): Entry {
    const { registry } = this.#with;
    const { signer, controlled, source } = claimant;
    const isStranger = signer === undefined && !controlled;
    const own = isStranger ? registry.get(unsignedKey(serverId)) : undefined;
    const entry = own ?? (signer === undefined ? registry.find(serverId) : registry.get(signer));
    const isForeign = isStranger && entry?.record.signed === false && !owns(source, entry);
    if (!entry || isForeign) {
      throw new Problem("unknown_server", `No server "${serverId}" is registered; register first.`);
    }
    return entry;
  }

  #refuseOthers(nodeId: string | undefined, signer: string): void {
    if (nodeId === undefined || nodeId === signer) return;
    throw new Problem(
      "not_trusted",
      "A node may only register itself; this is another one's record.",
    );
  }

  #refuseCopy(nodeId: string, { boot_id }: Heartbeat): void {
    if (boot_id !== undefined) this.#with.heard(nodeId, boot_id);
  }

  /**
   * Where a node that has signed may be dialled: its declared addresses, and the one it sends from.
   */
  #addressesOf(body: Registration, { source, via }: Claimant): readonly Address[] {
    const declared = body.addresses ?? declaredAddress(body);
    // The sending address is the forwarder's claim, and gives no access to addresses of this
    // machine.
    if (via !== undefined) return dialable(declared, this.#with.policy());
    const port = body.port ?? declared[0]?.port;
    const asSeen = port === undefined ? [] : [{ host: source, port }];
    return dialable(mergeAddresses(declared, asSeen), this.#with.policy(), source);
  }

  #reachedAmong(nodeId: string, addresses: readonly Address[]): Address | undefined {
    const peer = this.#with.peers.get(nodeId);
    if (!peer || isDialable(peer) !== true) return undefined;
    const worked = peer.addresses.filter(({ workedMs }) => workedMs !== undefined);
    return addresses.find(({ host, port }) =>
      worked.some((one) => one.host === host && one.port === port),
    );
  }
}
