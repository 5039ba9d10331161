import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { messageOf, PROBLEMS, Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { NetworkError } from "../../platform/network.ts";
import type { JournalPositions } from "../clones/journal-positions.ts";
import type { OwnClones } from "../clones/own-clones.ts";
import type { Contact, PeerClones } from "../clones/peer-clones.ts";
import type { ClusterDeps } from "../deps.ts";
import { isProven, prove } from "../identity/proof.ts";
import type { PeerRequest } from "../peer-route.ts";
import { type DialPolicy, dialable, plainAddress } from "../peers/dial-policy.ts";
import { mergeAddresses, type PeerClient } from "../peers/peer-client.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { Reachability } from "../peers/reachability.ts";
import {
  type Hello,
  type HelloReply,
  helloReplySchema,
  type IdentityDocument,
  type NodeDocument,
} from "../wire.ts";
import type { GivenHubs } from "./given-hubs.ts";
import { type IdentityProbe, refusalOf } from "./identity-probe.ts";

/** A node whose key has been proven to us, with what it says of itself. */
export interface Meeting {
  readonly document: NodeDocument;
  readonly publicKey: string | undefined;
  /** The address that it answered at; undefined when it was the other who dialled. */
  readonly address: Address | undefined;
  readonly rttMs: number | undefined;
  readonly defersToUs: boolean;
  readonly weDefer: boolean;
  /** What it says about dialling us. */
  readonly canDialUs: boolean | null;
}

export type DialResult =
  | { readonly kind: "met"; readonly meeting: Meeting }
  /** The address is our own. */
  | { readonly kind: "self" }
  | { readonly kind: "foreign"; readonly cluster: string }
  | { readonly kind: "failed"; readonly reason: string };

export interface HandshakeDeps {
  readonly deps: ClusterDeps;
  readonly client: PeerClient;
  readonly given: GivenHubs;
  readonly probe: IdentityProbe;
  readonly positions: JournalPositions;
  readonly ownClones: OwnClones;
  readonly peerClones: PeerClones;
  readonly table: PeerTable;
  readonly ageMs: () => number;
  /** This node's document at this moment. */
  readonly document: () => NodeDocument;
  /** This node says goodbye: nobody should follow it any more. */
  readonly isLeaving: () => boolean;
  readonly policy: () => DialPolicy;
  readonly onMeeting: (meeting: Meeting) => void;
  /** Somebody has dialled us that we have not reached yet. */
  readonly onStranger: (nodeId: string, addresses: readonly Address[]) => void;
}

/** The next address of a node is tried when the one before has kept silent this long (RFC 8305, section 5). */
const NEXT_ADDRESS_MS = 250;

/**
 * The handshake: the only thing that is ever said to an address that discovery or a peer has named,
 * until the key behind it has shown itself.
 */
export class Handshake {
  readonly #with: HandshakeDeps;
  readonly #reachability = new Reachability();

  constructor(withDeps: HandshakeDeps) {
    this.#with = withDeps;
    withDeps.client.renew = (nodeId) => this.renew(nodeId);
  }

  /** Undefined before we have tried. */
  hasReached(nodeId: string): boolean | undefined {
    return this.#reachability.hasReached(nodeId);
  }

  /** Dials the addresses of one node, each a moment after the one before; the first that is met counts. */
  async dial(addresses: readonly Address[], expected?: string): Promise<DialResult> {
    const startedMs = this.#with.deps.clock.monotonicMs();
    const result = await this.#race(addresses.slice(0, LIMITS.addressesPerServerMax), expected);
    const met = result.kind === "met";
    if (expected !== undefined) this.#reachability.note(expected, met, startedMs);
    if (met) {
      this.#reachability.note(result.meeting.document.node_id, true, startedMs);
      this.#with.onMeeting(result.meeting);
    }
    return result;
  }

  /** Shakes hands again with a node that refuses our signatures: its clock may have been set. */
  async renew(nodeId: string): Promise<boolean> {
    const pinned = this.#with.client.pinned(nodeId);
    if (!pinned) return false;
    const { kind } = await this.dial(pinned.addresses, nodeId);
    // Somebody else lives there now: the registry may know where the node has gone.
    if (kind !== "met") this.#with.client.unpin(nodeId);
    return kind === "met";
  }

  /**
   * Answers a hello. @throws Problem `bad_signature` unless it is signed by the node it speaks of,
   * `foreign_cluster` for a node of another cluster, `directory_copied` for one with our own key or one
   * that is a copy of another, `not_ready` once this node leaves.
   */
  answer(hello: Hello, request: PeerRequest): HelloReply {
    const { identity, settings, clock } = this.#with.deps;
    if (request.signer !== hello.node_id) {
      throw new Problem("bad_signature", "A hello is signed by the node that it speaks of.");
    }
    if (hello.cluster !== settings.cluster) {
      throw new Problem("foreign_cluster", `This node belongs to cluster "${settings.cluster}".`);
    }
    if (hello.node_id === identity.nodeId) {
      this.#hearDouble(hello, request.remoteAddress);
      throw new Problem("directory_copied", "A node with this very key runs here already.");
    }
    if (this.#with.isLeaving()) throw new Problem("not_ready", "This node leaves.");
    const source = plainAddress(request.remoteAddress);
    const asSeen = { host: source, port: hello.record.port };
    const addresses = dialable(
      mergeAddresses(hello.addresses, [asSeen]),
      this.#with.policy(),
      source,
    );
    // Not awaited: after a plain restart nobody should wait for what there is to find out.
    this.#with.table.ensure(hello.node_id, source);
    void this.#with.peerClones.admit(contactOf(hello, addresses));
    this.#with.positions.hear(hello.node_id, hello, false);
    this.#with.onMeeting({
      document: { ...hello, addresses: [...addresses] },
      publicKey: undefined,
      address: undefined,
      rttMs: undefined,
      defersToUs: hello.defers,
      weDefer: this.#with.given.includes(hello.node_id),
      canDialUs: true,
    });
    const canDial = this.#reachability.answerHello(hello.node_id, clock.monotonicMs());
    if (!this.#isKnownAt(hello)) {
      this.#with.onStranger(hello.node_id, addresses);
    }
    return prove(identity, hello.challenge, {
      ...this.#with.document(),
      time_ms: clock.wallMs(),
      defers: this.#with.given.includes(hello.node_id),
      can_dial_you: canDial,
      ...this.#with.positions.tell(hello.node_id),
    });
  }

  /** Reached, and still where it says it is. */
  #isKnownAt(hello: Hello): boolean {
    const pinned = this.#with.client.pinned(hello.node_id);
    const [first] = pinned?.addresses ?? [];
    return (
      this.#reachability.hasReached(hello.node_id) === true &&
      first !== undefined &&
      hello.addresses.some(({ host, port }) => host === first.host && port === first.port)
    );
  }

  /** One with our own key. Only who is alive beside us can name our present start. */
  #hearDouble({ boot_id, to_boot_id, uptime_ms, fenced = false }: Hello, address: string): void {
    if (to_boot_id !== this.#with.deps.bootId) return;
    const where = `at ${plainAddress(address)}`;
    const double = { bootId: boot_id, uptimeMs: uptime_ms, fenced, where };
    this.#with.ownClones.hear(double);
  }

  /** Tells the other one with our own key of us: it may not be able to dial us. */
  async #meetDouble(address: Address, seen: IdentityDocument, askedAtMs: number): Promise<void> {
    const { ownClones, deps, client } = this.#with;
    const where = `at ${formatHostPort(address)}`;
    const { boot_id: bootId, uptime_ms: uptimeMs, fenced = false } = seen;
    ownClones.meet({ bootId, uptimeMs, fenced, where }, askedAtMs);
    const hello = { ...this.#hello(seen), to_boot_id: bootId };
    await client.sendTo(address, "POST", HELLO_PATH, hello, {
      timeoutMs: deps.settings.timing.discoveryTimeoutMs,
      audience: seen.node_id,
      clockOffsetMs: seen.time_ms - deps.clock.wallMs(),
    });
  }

  #race(addresses: readonly Address[], expected: string | undefined): Promise<DialResult> {
    return new Promise((resolve) => {
      let open = addresses.length;
      let last: DialResult = { kind: "failed", reason: "no address" };
      if (open === 0) resolve(last);
      const cancels = addresses.map((address, index) =>
        this.#with.deps.timers.after(index * NEXT_ADDRESS_MS, async () => {
          const result = await this.#dialOne(address, expected);
          open--;
          // "failed" says least: an address of ours or of another cluster is a better reason.
          if (result.kind !== "failed" || last.kind === "failed") last = result;
          if (result.kind !== "met" && open > 0) return;
          for (const cancel of cancels) cancel();
          resolve(last);
        }),
      );
    });
  }

  async #dialOne(address: Address, expected: string | undefined): Promise<DialResult> {
    try {
      return await this.#shakeHands(address, expected);
    } catch (error) {
      if (error instanceof NetworkError) return failed(error.reason);
      if (error instanceof Problem) return failed(error.message);
      return failed(`bug: ${messageOf(error)}`);
    }
  }

  async #shakeHands(address: Address, expected: string | undefined): Promise<DialResult> {
    const { deps, probe, ageMs } = this.#with;
    const askedAtMs = ageMs();
    const introduced = await probe.ask(address);
    if (introduced.kind === "failed") return introduced;
    const { document: seen, rttMs } = introduced;
    if (seen.node_id === deps.identity.nodeId) {
      if (seen.boot_id !== deps.bootId) await this.#meetDouble(address, seen, askedAtMs);
      return { kind: "self" };
    }
    if (seen.cluster !== deps.settings.cluster) return { kind: "foreign", cluster: seen.cluster };
    if (expected !== undefined && expected !== seen.node_id) {
      return failed(`${seen.node_id} is there, not ${expected}`);
    }
    return this.#sayHello(address, seen, rttMs);
  }

  #hello(to: IdentityDocument): Hello {
    const { given, probe, positions, document } = this.#with;
    return {
      ...document(),
      challenge: probe.nonce(),
      defers: given.includes(to.node_id),
      ...positions.tell(to.node_id),
    };
  }

  async #sayHello(address: Address, seen: IdentityDocument, rttMs: number): Promise<DialResult> {
    const { deps, client, given, positions, peerClones, table } = this.#with;
    given.answered(address, seen.node_id);
    const hello = this.#hello(seen);
    const answered = await client.sendTo(address, "POST", HELLO_PATH, hello, {
      timeoutMs: deps.settings.timing.discoveryTimeoutMs,
      audience: seen.node_id,
      clockOffsetMs: seen.time_ms - deps.clock.wallMs(),
    });
    if (answered.status === PROBLEMS.foreign_cluster.status) {
      return { kind: "foreign", cluster: seen.cluster };
    }
    const reply = helloReplySchema.safeParse(answered.body).data;
    if (answered.status !== 200 || !reply) return failed(refusalOf(answered, address));
    const proven =
      reply.node_id === seen.node_id &&
      isProven(seen.public_key, seen.node_id, hello.challenge, answered.body);
    if (!proven) return failed("its answer is not proven");
    const contact = contactOf(reply, [address]);
    table.ensure(reply.node_id);
    await peerClones.admit(contact);
    // Refuses the later of two, where there were two.
    void peerClones.admit(contact);
    client.pin({
      nodeId: reply.node_id,
      publicKey: seen.public_key,
      addresses: mergeAddresses([address], reply.addresses),
      clockOffsetMs: reply.time_ms - deps.clock.wallMs(),
    });
    positions.hear(reply.node_id, reply, true);
    const meeting: Meeting = {
      document: reply,
      publicKey: seen.public_key,
      address,
      rttMs,
      defersToUs: reply.defers,
      weDefer: hello.defers,
      canDialUs: reply.can_dial_you,
    };
    return { kind: "met", meeting };
  }
}

const HELLO_PATH = "/api/cluster/hello";

function contactOf(document: NodeDocument, addresses: readonly Address[]): Contact {
  const { node_id: nodeId, boot_id: bootId, fenced = false } = document;
  return { nodeId, bootId, addresses, fenced };
}

function failed(reason: string): DialResult {
  return { kind: "failed", reason };
}
