import { z } from "zod";
import type { Address } from "../../discovery/backend.ts";
import { messageOf, PROBLEMS, Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { NetworkError } from "../../platform/network.ts";
import type { ClusterDeps } from "../deps.ts";
import { encodeBase64Url, nodeIdOf } from "../identity/identity.ts";
import { isProven, prove, signChallenge, verifyChallenge } from "../identity/proof.ts";
import type { PeerReply, PeerRequest } from "../peer-route.ts";
import {
  type Hello,
  type HelloReply,
  helloReplySchema,
  type IdentityDocument,
  identityDocumentSchema,
  type NodeDocument,
  PROTOCOL_VERSION,
} from "../wire.ts";
import { type DialPolicy, dialable, plainAddress } from "./dial-policy.ts";
import type { GivenHubs } from "./given-hubs.ts";
import { mergeAddresses, type PeerClient } from "./peer-client.ts";
import { Reachability } from "./reachability.ts";

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
  /** This node's document at this moment. */
  readonly document: () => NodeDocument;
  /** This node says goodbye: nobody should follow it any more. */
  readonly isLeaving: () => boolean;
  readonly policy: () => DialPolicy;
  readonly onMeeting: (meeting: Meeting) => void;
  /** Somebody has dialled us that we have not reached yet. */
  readonly onStranger: (nodeId: string, addresses: readonly Address[]) => void;
}

const CHALLENGE_BYTES = 24;
/** The next address of a node is tried when the one before has kept silent this long (RFC 8305, section 5). */
const NEXT_ADDRESS_MS = 250;

/**
 * The handshake: the only thing that is ever said to an address that discovery or a peer has named,
 * until the key behind it has shown itself.
 */
export class Handshake {
  readonly #with: HandshakeDeps;
  readonly #reachability = new Reachability();
  #copyReported: string | undefined;

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

  /** What this node shows anybody who asks (`GET /.well-known/tankd`). */
  describe(challenge: string | undefined): IdentityDocument {
    const { identity, settings, clock, bootId } = this.#with.deps;
    const { standing, record } = this.#with.document();
    return {
      protocol: PROTOCOL_VERSION,
      node_id: identity.nodeId,
      public_key: identity.publicKey,
      server_id: record.server_id,
      cluster: settings.cluster,
      version: settings.version,
      boot_id: bootId,
      role: standing.role,
      time_ms: clock.wallMs(),
      ...(challenge === undefined ? {} : { signature: signChallenge(identity, challenge) }),
    };
  }

  /**
   * Answers a hello. @throws Problem `bad_signature` unless it is signed by the node it speaks of,
   * `foreign_cluster` for a node of another cluster, `conflict` for one with our own key, `not_ready`
   * once this node leaves.
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
      this.#reportCopy(hello.boot_id, request.remoteAddress);
      throw new Problem("conflict", "A node with this very key runs here already.");
    }
    if (this.#with.isLeaving()) throw new Problem("not_ready", "This node leaves.");
    const source = plainAddress(request.remoteAddress);
    const asSeen = { host: source, port: hello.record.port };
    const addresses = dialable(
      mergeAddresses(hello.addresses, [asSeen]),
      this.#with.policy(),
      source,
    );
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

  /** Loudly, and once for each start of the other one. */
  #reportCopy(bootId: string, address: string): void {
    if (bootId === this.#with.deps.bootId || bootId === this.#copyReported) return;
    this.#copyReported = bootId;
    this.#with.deps.log.error(COPY_EVENT, { node_id: this.#with.deps.identity.nodeId, address });
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
      return failed(`bug: ${messageOf(error)}`);
    }
  }

  async #shakeHands(address: Address, expected: string | undefined): Promise<DialResult> {
    const { deps, client } = this.#with;
    const timeoutMs = deps.settings.timing.discoveryTimeoutMs;
    const challenge = encodeBase64Url(deps.random.bytes(CHALLENGE_BYTES));
    const path = `/.well-known/tankd?challenge=${challenge}`;
    const asked = await client.ask(address, path, { timeoutMs });
    const seen = identityDocumentSchema.safeParse(asked.body).data;
    if (asked.status !== 200 || !seen) return failed(refusalOf(asked, address));
    const key = seen.public_key;
    const genuine =
      nodeIdOf(key) === seen.node_id &&
      verifyChallenge(key, seen.node_id, challenge, seen.signature ?? "");
    if (!genuine) return failed("its key does not prove its id");
    if (seen.node_id === deps.identity.nodeId) {
      this.#reportCopy(seen.boot_id, address.host);
      return { kind: "self" };
    }
    if (seen.cluster !== deps.settings.cluster) return { kind: "foreign", cluster: seen.cluster };
    if (expected !== undefined && expected !== seen.node_id) {
      return failed(`${seen.node_id} is there, not ${expected}`);
    }
    return this.#sayHello(address, seen, asked.rttMs);
  }

  async #sayHello(address: Address, seen: IdentityDocument, rttMs: number): Promise<DialResult> {
    const { deps, client, given } = this.#with;
    const challenge = encodeBase64Url(deps.random.bytes(CHALLENGE_BYTES));
    given.answered(address, seen.node_id);
    const hello: Hello = {
      ...this.#with.document(),
      challenge,
      defers: given.includes(seen.node_id),
    };
    const answered = await client.sendTo(address, "POST", "/api/cluster/hello", hello, {
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
      isProven(seen.public_key, seen.node_id, challenge, answered.body);
    if (!proven) return failed("its answer is not proven");
    client.pin({
      nodeId: reply.node_id,
      publicKey: seen.public_key,
      addresses: mergeAddresses([address], reply.addresses),
      clockOffsetMs: reply.time_ms - deps.clock.wallMs(),
    });
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

/** A copied or restored data directory runs twice. */
const COPY_EVENT = "another running node has this node's key; one of them is a copy, stop it";

/** Why we were sent away, in our own words: a stranger's would go into our log. */
function refusalOf({ status, body }: PeerReply, { host }: Address): string {
  const type = z.object({ type: z.string() }).safeParse(body).data?.type ?? "";
  const code = type.startsWith(PROBLEM_TYPE) ? type.slice(PROBLEM_TYPE.length) : "";
  if (code === "foreign_host") return `it refuses the name ${host}: start it with --allow-host`;
  const known = Object.entries(PROBLEMS).find(([one]) => one === code)?.[1];
  return known ? `it refuses: ${known.title}` : `no tankd answers there (status ${status})`;
}

const PROBLEM_TYPE = "urn:tankd:problem:";

function failed(reason: string): DialResult {
  return { kind: "failed", reason };
}
