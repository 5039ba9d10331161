import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import { isMember } from "../admission/membership-tag.ts";
import type { JournalPositions } from "../clones/journal-positions.ts";
import type { OwnClones } from "../clones/own-clones.ts";
import type { Contact, PeerClones } from "../clones/peer-clones.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ClusterEvents } from "../events.ts";
import { isProven, prove } from "../identity/proof.ts";
import type { PeerRequest } from "../peer-route.ts";
import {
  type DialPolicy,
  type DialTarget,
  dialable,
  plainAddress,
  targetsOf,
} from "../peers/dial-policy.ts";
import { mergeAddresses, type PeerClient } from "../peers/peer-client.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { problemCodeOf } from "../problem-code.ts";
import {
  type Hello,
  type HelloReply,
  helloReplySchema,
  type IdentityDocument,
  type NodeDocument,
  PROTOCOLS_UNDERSTOOD,
} from "../wire.ts";
import { DialNote } from "./dial-note.ts";
import type { GivenHubs } from "./given-hubs.ts";
import { type IdentityProbe, refusalOf } from "./identity-probe.ts";
import { type DialResult, failed } from "./meeting.ts";
import { raceTargets } from "./race.ts";

export interface HandshakeDeps {
  readonly deps: ClusterDeps;
  readonly events: ClusterEvents;
  readonly table: PeerTable;
  readonly client: PeerClient;
  readonly given: GivenHubs;
  readonly probe: IdentityProbe;
  readonly positions: JournalPositions;
  readonly ownClones: OwnClones;
  readonly peerClones: PeerClones;
  readonly ageMs: () => number;
  /** This node's document at this moment. */
  readonly document: () => NodeDocument;
  /** This node says goodbye: nobody should follow it any more. */
  readonly isLeaving: () => boolean;
  readonly policy: () => DialPolicy;
}

export interface DialOptions {
  /** The node that should be there. */
  readonly expected?: string | undefined;
  /** The operator has named the addresses: they are not judged. */
  readonly trusted?: boolean;
}

const HELLO_PATH = "/api/cluster/hello";
/** A hello that another node refuses is said again this often: most balancers connect in turn. */
const REPEATS_MAX = 3;
/** Two that are in touch speak every few seconds; after a longer silence the contact is a new one. */
const CONTACT_LOST_MS = 6_000;

/**
 * The handshake: the only thing that is ever said to an address that discovery or a peer has named,
 * until the key behind it has shown itself.
 */
export class Handshake {
  readonly #with: HandshakeDeps;

  constructor(withDeps: HandshakeDeps) {
    this.#with = withDeps;
  }

  /** Dials the addresses of one node, each a moment after the one before; the first that is met counts. */
  async dial(addresses: readonly Address[], options: DialOptions = {}): Promise<DialResult> {
    const { deps, table, events, isLeaving } = this.#with;
    if (isLeaving()) return failed("this node takes no part");
    const note = new DialNote(table, options.expected, deps.clock.monotonicMs());
    const targets = await this.#expand(addresses, options);
    const result = await raceTargets(deps.timers, targets, (target, onConnected) =>
      this.#shakeHands(target, options.expected, () => {
        onConnected();
        note.connected();
      }),
    );
    note.ended(result, result.kind === "met" ? result.meeting.document.node_id : options.expected);
    if (result.kind === "met") events.emit({ kind: "met", meeting: result.meeting });
    return result;
  }

  /** Finds out whether a node that has said hello can be dialled: one question to each address. */
  async confirm(nodeId: string): Promise<boolean> {
    const { deps, table } = this.#with;
    const note = new DialNote(table, nodeId, deps.clock.monotonicMs());
    const targets = await this.#expand(table.get(nodeId)?.addresses ?? [], {});
    const result = await raceTargets(deps.timers, targets, (target, onConnected) =>
      this.#askIdentity(target, nodeId, () => {
        onConnected();
        note.connected();
      }),
    );
    note.ended(result);
    return result.kind === "met";
  }

  /**
   * Answers a hello. @throws Problem `bad_signature` unless it is signed by the node it speaks of,
   * `foreign_cluster` for a node of another cluster, `directory_copied` for one with our own key or one
   * that is a copy of another, `too_many` for a stranger in a crowd, `not_ready` once this node leaves.
   */
  answer(hello: Hello, request: PeerRequest): HelloReply {
    const { identity, settings, clock } = this.#with.deps;
    const { signer } = request;
    if (signer === undefined || signer !== hello.node_id) {
      throw new Problem("bad_signature", "A hello is signed by the node that it speaks of.");
    }
    if (hello.cluster !== settings.cluster) {
      throw new Problem("foreign_cluster", `This node belongs to cluster "${settings.cluster}".`);
    }
    if (signer === identity.nodeId) {
      this.#hearDouble(hello, request.remoteAddress);
      throw new Problem("directory_copied", "A node with this very key runs here already.");
    }
    if (this.#with.isLeaving()) throw new Problem("not_ready", "This node leaves.");
    const { table, events, given, positions, peerClones } = this.#with;
    const source = plainAddress(request.remoteAddress);
    const asSeen = { host: source, port: hello.record.port };
    const said = mergeAddresses(hello.addresses, [asSeen]);
    const addresses = dialable(said, this.#with.policy(), source);
    // Not awaited: after a plain restart nobody should wait for what there is to find out.
    if (!table.ensure(signer, source)) {
      throw new Problem("too_many", "Too many nodes that nobody knows come from your address.");
    }
    void peerClones.admit(contactOf(hello, addresses));
    positions.hear(signer, hello, false);
    const weDefer = given.defersTo(signer);
    this.#note(hello, { defersToUs: hello.defers, weDefer }, addresses);
    this.#noteContact(signer);
    const known = table.get(signer);
    if (known?.key === undefined && request.signerKey !== undefined) {
      const clockOffsetMs = hello.time_ms - clock.wallMs();
      table.update(signer, { key: { publicKey: request.signerKey, clockOffsetMs } });
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

  async #expand(
    addresses: readonly Address[],
    { trusted = false }: DialOptions,
  ): Promise<readonly DialTarget[]> {
    const policy = trusted ? undefined : this.#with.policy();
    const places = addresses.map((one) =>
      targetsOf(one, this.#with.deps.network, policy).catch((error: unknown) => {
        if (error instanceof NetworkError) return [];
        throw error;
      }),
    );
    return (await Promise.all(places)).flat();
  }

  #note(
    document: NodeDocument,
    deference: { readonly defersToUs: boolean; readonly weDefer: boolean },
    addresses: readonly Address[],
  ): void {
    const { table, deps } = this.#with;
    const nodeId = document.node_id;
    const atMs = deps.clock.monotonicMs();
    table.addAddresses(nodeId, addresses, "self");
    table.update(nodeId, {
      described: { document, atMs, ...deference },
      isMember: isMember(deps.settings.secret, nodeId, document.member),
    });
  }

  /** Since when it speaks to us: that we cannot dial it is concluded only of attempts after that. */
  #noteContact(nodeId: string): void {
    const { table, deps } = this.#with;
    const nowMs = deps.clock.monotonicMs();
    const known = table.get(nodeId)?.contact;
    const goesOn = known !== undefined && nowMs - known.lastMs < CONTACT_LOST_MS;
    const sinceMs = goesOn ? known.sinceMs : nowMs;
    table.update(nodeId, { contact: { sinceMs, lastMs: nowMs } });
  }

  /** One with our own key. Only who is alive beside us can name our present start. */
  #hearDouble({ boot_id, to_boot_id, uptime_ms, fenced = false }: Hello, address: string): void {
    if (to_boot_id !== this.#with.deps.bootId) return;
    const where = `at ${plainAddress(address)}`;
    const double = { bootId: boot_id, uptimeMs: uptime_ms, fenced, where };
    this.#with.ownClones.hear(double);
  }

  /** Tells the other one with our own key of us: it may not be able to dial us. */
  async #meetDouble(target: DialTarget, seen: IdentityDocument, askedAtMs: number): Promise<void> {
    const { ownClones, deps, client } = this.#with;
    const where = `at ${formatHostPort(target)}`;
    const { boot_id: bootId, uptime_ms: uptimeMs, fenced = false } = seen;
    ownClones.meet({ bootId, uptimeMs, fenced, where }, askedAtMs);
    const hello = { ...this.#hello(seen), to_boot_id: bootId };
    await client.sendTo(target, "POST", HELLO_PATH, hello, {
      timeoutMs: deps.settings.timing.discoveryTimeoutMs,
      audience: seen.node_id,
      clockOffsetMs: seen.time_ms - deps.clock.wallMs(),
    });
  }

  /** Whether that node's key answers there. */
  async #askIdentity(
    target: DialTarget,
    nodeId: string,
    onConnected: () => void,
  ): Promise<DialResult<undefined>> {
    const result = await this.#with.probe.ask(target, { onConnected });
    if (result.kind === "failed") return result;
    const { document: seen, rttMs } = result;
    if (seen.node_id !== nodeId) return failed(`${seen.node_id} is there, not ${nodeId}`);
    this.#confirm(target, seen);
    this.#with.table.noteRtt(nodeId, rttMs);
    return { kind: "met", meeting: undefined };
  }

  async #shakeHands(
    target: DialTarget,
    expected: string | undefined,
    onConnected: () => void,
  ): Promise<DialResult> {
    const { deps, probe, ageMs } = this.#with;
    const askedAtMs = ageMs();
    const result = await probe.ask(target, { onConnected });
    if (result.kind === "failed") return result;
    const { document: seen, rttMs } = result;
    if (seen.node_id === deps.identity.nodeId) {
      this.#with.given.noteOwn(target);
      if (seen.boot_id !== deps.bootId) await this.#meetDouble(target, seen, askedAtMs);
      return { kind: "self" };
    }
    if (seen.cluster !== deps.settings.cluster) return { kind: "foreign", cluster: seen.cluster };
    if (!PROTOCOLS_UNDERSTOOD.includes(seen.protocol)) {
      return failed(`it is tankd ${seen.version} of another protocol; install the same version`);
    }
    if (expected !== undefined && expected !== seen.node_id) {
      return failed(`${seen.node_id} is there, not ${expected}`);
    }
    return this.#sayHello(target, seen, rttMs);
  }

  #hello(to: IdentityDocument): Hello {
    const { given, probe, positions, document, deps } = this.#with;
    return {
      ...document(),
      challenge: probe.nonce(),
      time_ms: deps.clock.wallMs(),
      defers: given.defersTo(to.node_id),
      ...positions.tell(to.node_id),
    };
  }

  async #sayHello(target: DialTarget, seen: IdentityDocument, rttMs: number): Promise<DialResult> {
    const { deps, client, given, positions, peerClones, table } = this.#with;
    given.answered(target, seen.node_id);
    const hello = this.#hello(seen);
    const say = () =>
      client.sendTo(target, "POST", HELLO_PATH, hello, {
        timeoutMs: deps.settings.timing.discoveryTimeoutMs,
        audience: seen.node_id,
        clockOffsetMs: seen.time_ms - deps.clock.wallMs(),
      });
    let answered = await say();
    // Behind a balancer it may have come to another node than the question; one of the next does not.
    for (let again = 0; again < REPEATS_MAX; again++) {
      if (problemCodeOf(answered) !== "bad_signature") break;
      answered = await say();
    }
    if (problemCodeOf(answered) === "foreign_cluster") {
      return { kind: "foreign", cluster: seen.cluster };
    }
    const reply = helloReplySchema.safeParse(answered.body).data;
    if (answered.status !== 200 || !reply) return failed(refusalOf(answered, target));
    const proven =
      reply.node_id === seen.node_id &&
      isProven(seen.public_key, seen.node_id, hello.challenge, answered.body);
    if (!proven) return failed("its answer is not proven");
    const contact = contactOf(reply, [target]);
    if (!table.ensure(seen.node_id)) return failed("the table of peers is full");
    // What there was to find out is found out; the second call refuses the one that is a copy.
    await peerClones.admit(contact);
    await peerClones.admit(contact);
    this.#confirm(target, seen);
    table.noteRtt(seen.node_id, rttMs);
    positions.hear(reply.node_id, reply, true);
    const deference = { defersToUs: reply.defers, weDefer: hello.defers };
    const source = target.connectTo ?? target.host;
    this.#note(reply, deference, dialable(reply.addresses, this.#with.policy(), source));
    return { kind: "met", meeting: { document: reply, address: target, ...deference } };
  }

  /** Its key has answered there. */
  #confirm(target: DialTarget, seen: IdentityDocument): void {
    const { table, deps } = this.#with;
    const nowMs = deps.clock.monotonicMs();
    const clockOffsetMs = seen.time_ms - deps.clock.wallMs();
    table.noteWorked(seen.node_id, target, nowMs);
    table.update(seen.node_id, {
      key: { publicKey: seen.public_key, clockOffsetMs },
      confirmedMs: table.get(seen.node_id)?.confirmedMs ?? nowMs,
    });
  }
}

function contactOf(document: NodeDocument, addresses: readonly Address[]): Contact {
  const { node_id: nodeId, boot_id: bootId, fenced = false } = document;
  return { nodeId, bootId, addresses, fenced };
}
