import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { NetworkError } from "../../platform/network.ts";
import { isProven } from "../identity/proof.ts";
import { type DialTarget, dialable, targetsOf, throughRelay } from "../peers/dial-policy.ts";
import { keyToldBy, type PeerKey } from "../peers/peer.ts";
import { isElsewhere, type PeerClient } from "../peers/peer-client.ts";
import { problemCodeOf } from "../problem-code.ts";
import {
  type Hello,
  helloReplySchema,
  type IdentityDocument,
  PROTOCOLS_UNDERSTOOD,
} from "../wire.ts";
import { contactOf, noteDescription } from "./description.ts";
import { DialNote } from "./dial-note.ts";
import { logDial } from "./handshake-log.ts";
import { type IdentityProbe, refusalOf } from "./identity-probe.ts";
import { type DialFailure, type DialResult, failed } from "./meeting.ts";
import { raceTargets } from "./race.ts";
import type { ResponderDeps } from "./responder.ts";

/** Both sides describe the same node and record what they hear in the same places. */
export interface HandshakeDeps extends ResponderDeps {
  readonly client: PeerClient;
  readonly probe: IdentityProbe;
  readonly ageMs: () => number;
}

export interface DialOptions {
  /** The node that is expected there. */
  readonly expected?: string | undefined;
  /** The operator has given the addresses: they are not checked by the policy. */
  readonly trusted?: boolean;
  /** Another node that relays to the expected one if no address answers. */
  readonly relay?: string | undefined;
  /** Called when an address has accepted a connection. */
  readonly onConnected?: () => void;
}

const HELLO_PATH = "/api/cluster/hello";
/** Repetitions of a hello that another node refuses: most balancers connect in turn. */
const REPEATS_MAX = 3;

/**
 * The dialling side of a handshake. Nothing else is ever sent to an address from discovery or a
 * peer until the key behind it is proven.
 */
export class Handshake {
  readonly #with: HandshakeDeps;

  constructor(withDeps: HandshakeDeps) {
    this.#with = withDeps;
  }

  /**
   * Dials the addresses of one node, each a moment after the previous one; the first that is met
   * counts.
   */
  async dial(addresses: readonly Address[], options: DialOptions = {}): Promise<DialResult> {
    const { deps, table, events, isLeaving } = this.#with;
    if (isLeaving()) return failed("this node takes no part in a cluster");
    const note = new DialNote(table, options.expected, deps.clock.monotonicMs());
    const places = await this.#expand(addresses, options);
    const targets = [...places.targets, ...relayIn(options)];
    if (targets.length === 0 && places.failure) {
      note.ended(places.failure, options.expected);
      return places.failure;
    }
    const result = await raceTargets(deps.timers, targets, (target, onConnected) =>
      logDial(
        deps,
        { target, expected: options.expected },
        this.#shakeHands(target, options.expected, () => {
          onConnected();
          options.onConnected?.();
          note.connected();
        }),
      ),
    );
    // A node that is met through another is not dialled directly: it does not follow this node by
    // that, and does not lead it.
    if (result.kind === "met" && result.meeting.address?.relay !== undefined) {
      note.ended(failed("not dialable"));
      return result;
    }
    note.ended(result, result.kind === "met" ? result.meeting.document.node_id : options.expected);
    if (result.kind === "met") events.emit({ kind: "met", meeting: result.meeting });
    return result;
  }

  /** Finds out whether a node that has said hello can be dialled: one question to each address. */
  async confirm(nodeId: string, onAnyConnected?: () => void): Promise<boolean> {
    const { deps, table } = this.#with;
    const note = new DialNote(table, nodeId, deps.clock.monotonicMs());
    const { targets } = await this.#expand(table.get(nodeId)?.addresses ?? [], {});
    const result = await raceTargets(deps.timers, targets, (target, onConnected) =>
      this.#askIdentity(target, nodeId, () => {
        onConnected();
        onAnyConnected?.();
        note.connected();
      }),
    );
    note.ended(result);
    return result.kind === "met";
  }

  /** The targets of the addresses, and why a name has none. */
  async #expand(addresses: readonly Address[], { trusted = false }: DialOptions) {
    const policy = trusted ? undefined : this.#with.policy();
    let failure: DialFailure | undefined;
    const places = addresses.map((one) =>
      targetsOf(one, this.#with.deps.network, policy).catch((error: unknown) => {
        if (!(error instanceof NetworkError)) throw error;
        failure = failed(error.reason);
        return [];
      }),
    );
    return { targets: (await Promise.all(places)).flat(), failure };
  }

  /** Tells another start with this node's own key about this one: it may not be able to dial it. */
  async #meetDouble(target: DialTarget, seen: IdentityDocument, askedAtMs: number): Promise<void> {
    const { ownClones, deps, client } = this.#with;
    const where = `at ${formatHostPort(target)}`;
    const { boot_id: bootId, uptime_ms: uptimeMs, fenced = false } = seen;
    ownClones.meet({ bootId, uptimeMs, fenced, where }, askedAtMs);
    const hello = { ...this.#hello(seen), to_boot_id: bootId };
    await client.sendTo(target, "POST", HELLO_PATH, hello, {
      timeoutMs: deps.settings.timing.discoveryTimeoutMs,
      audience: seen.node_id,
      key: this.#keyOf(seen),
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
      return failed(
        `it runs tankd ${seen.version} with another protocol; install the same version`,
      );
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
      start_clock_ms: deps.clock.monotonicMs() + deps.startOffsetMs,
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
        key: this.#keyOf(seen),
      });
    let answered = await say();
    // Behind a balancer the hello may reach another node than the question did; one of the next
    // will not.
    for (let again = 0; again < REPEATS_MAX; again++) {
      if (!isElsewhere(answered)) break;
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
    const contact = contactOf(reply, target.relay === undefined ? [target] : []);
    if (!table.ensure(seen.node_id)) return failed("the peer table is full");
    await peerClones.admitExamined(contact);
    this.#confirm(target, seen);
    table.noteRtt(seen.node_id, rttMs);
    positions.hear(reply.node_id, reply, true);
    const deference = { defersToUs: reply.defers, weDefer: hello.defers };
    const source = target.relay === undefined ? (target.connectTo ?? target.host) : undefined;
    const addresses = dialable(reply.addresses, this.#with.policy(), source);
    noteDescription(this.#with, reply, deference, addresses);
    return { kind: "met", meeting: { document: reply, address: target, ...deference } };
  }

  #keyOf(seen: IdentityDocument): PeerKey {
    const { deps, table } = this.#with;
    return keyToldBy(seen, seen.public_key, deps.clock, table.get(seen.node_id)?.key);
  }

  /** Its key has answered there. */
  #confirm(target: DialTarget, seen: IdentityDocument): void {
    const { table, deps } = this.#with;
    const key = this.#keyOf(seen);
    if (target.relay !== undefined) {
      table.update(seen.node_id, { key, relay: target.relay });
      return;
    }
    const nowMs = deps.clock.monotonicMs();
    table.noteWorked(seen.node_id, target, nowMs);
    table.update(seen.node_id, {
      key,
      confirmedMs: table.get(seen.node_id)?.confirmedMs ?? nowMs,
    });
  }
}

function relayIn({ expected, relay }: DialOptions): readonly DialTarget[] {
  return expected === undefined || relay === undefined ? [] : [throughRelay(expected, relay)];
}
