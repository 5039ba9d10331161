import { mergeAddresses } from "../../discovery/addresses.ts";
import { Problem } from "../../platform/errors.ts";
import type { JournalPositions } from "../clones/journal-positions.ts";
import type { OwnClones } from "../clones/own-clones.ts";
import type { PeerClones } from "../clones/peer-clones.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ClusterEvents } from "../events.ts";
import { prove } from "../identity/proof.ts";
import type { PeerRequest } from "../peer-route.ts";
import { type DialPolicy, dialable, plainAddress } from "../peers/dial-policy.ts";
import { keyToldBy } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Hello, HelloReply, NodeDocument } from "../wire.ts";
import { contactOf, noteDescription } from "./description.ts";
import type { GivenHubs } from "./given-hubs.ts";
import { logAnswer } from "./handshake-log.ts";

export interface ResponderDeps {
  readonly deps: ClusterDeps;
  readonly events: ClusterEvents;
  readonly table: PeerTable;
  readonly given: GivenHubs;
  readonly positions: JournalPositions;
  readonly ownClones: OwnClones;
  readonly peerClones: PeerClones;
  /** This node's current document. */
  readonly document: () => NodeDocument;
  /** This node leaves: no other should follow it any more. */
  readonly isLeaving: () => boolean;
  readonly policy: () => DialPolicy;
}

/** Nodes in contact communicate every few seconds; after a longer silence a new contact begins. */
const CONTACT_LOST_MS = 6_000;

/** The dialled side of a handshake. */
export class Responder {
  readonly #with: ResponderDeps;

  constructor(withDeps: ResponderDeps) {
    this.#with = withDeps;
  }

  /**
   * Answers a hello. @throws Problem `bad_signature` unless it is signed by the node that it
   * describes, `foreign_cluster` for a node of another cluster, `directory_copied` for one with
   * this node's own key or a copy of another, `too_many` for a stranger beyond the limits,
   * `not_ready` once this node leaves.
   */
  answer(hello: Hello, request: PeerRequest): HelloReply {
    const address = plainAddress(request.remoteAddress);
    const from = { nodeId: request.signer ?? hello.node_id, address };
    return logAnswer(this.#with.deps, from, () => this.#judge(hello, request));
  }

  #judge(hello: Hello, request: PeerRequest): HelloReply {
    const { identity, settings, clock } = this.#with.deps;
    const { signer } = request;
    if (signer === undefined || signer !== hello.node_id) {
      throw new Problem("bad_signature", "A hello must be signed by the node that it describes.");
    }
    if (hello.cluster !== settings.cluster) {
      throw new Problem("foreign_cluster", `This node belongs to cluster "${settings.cluster}".`);
    }
    if (signer === identity.nodeId) {
      this.#hearDouble(hello, request.remoteAddress);
      throw new Problem("directory_copied", "A node with this key already runs here.");
    }
    if (this.#with.isLeaving()) throw new Problem("not_ready", "This node is leaving.");
    const { table, events, given, positions, peerClones } = this.#with;
    const source = plainAddress(request.remoteAddress);
    const asSeen = { host: source, port: hello.record.port };
    const said = mergeAddresses(hello.addresses, [asSeen]);
    const addresses = dialable(said, this.#with.policy(), source);
    if (!table.ensure(signer, source)) {
      throw new Problem("too_many", "Too many unknown nodes come from your address.");
    }
    // Not awaited: a node that has simply restarted must not wait for the examination.
    void peerClones.admit(contactOf(hello, addresses));
    positions.hear(signer, hello, false);
    const weDefer = given.defersTo(signer);
    noteDescription(this.#with, hello, { defersToUs: hello.defers, weDefer }, addresses);
    this.#noteContact(signer);
    const { signerKey } = request;
    if (signerKey !== undefined) {
      const key = keyToldBy(hello, signerKey, clock, table.get(signer)?.key);
      table.update(signer, { key });
    }
    const document = { ...hello, addresses: [...addresses] };
    events.emit({
      kind: "met",
      meeting: { document, address: undefined, defersToUs: hello.defers, weDefer },
    });
    return prove(identity, hello.challenge, {
      ...this.#with.document(),
      time_ms: clock.wallMs(),
      defers: weDefer,
      ...positions.tell(signer),
    });
  }

  /**
   * Records since when it communicates: only failed dials after that mean that it cannot be
   * dialled.
   */
  #noteContact(nodeId: string): void {
    const { table, deps } = this.#with;
    const nowMs = deps.clock.monotonicMs();
    const known = table.get(nodeId)?.contact;
    const goesOn = known !== undefined && nowMs - known.lastMs < CONTACT_LOST_MS;
    const sinceMs = goesOn ? known.sinceMs : nowMs;
    table.update(nodeId, { contact: { sinceMs, lastMs: nowMs } });
  }

  /** A node with this node's own key. Only a live one can name this node's present start. */
  #hearDouble({ boot_id, to_boot_id, uptime_ms, fenced = false }: Hello, address: string): void {
    if (to_boot_id !== this.#with.deps.bootId) return;
    const where = `at ${plainAddress(address)}`;
    const double = { bootId: boot_id, uptimeMs: uptime_ms, fenced, where };
    this.#with.ownClones.hear(double);
  }
}
