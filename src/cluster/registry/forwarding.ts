import { Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import { NonceMemory } from "../identity/nonce-memory.ts";
import { CROWDED, verifyRequest } from "../identity/signature.ts";
import type { PeerReply, PeerRequest } from "../peer-route.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Passage } from "../tunnel/passage.ts";
import { type Claimant, sourceOf } from "./claimant.ts";
import { type Forward, forwardSchema } from "./registration-messages.ts";

/** The node to which requests for the hub are passed on. */
export const FORWARD_PATH = "/api/cluster/forward";

export interface ForwarderDeps {
  readonly client: Pick<PeerClient, "send">;
  readonly passage: Pick<Passage, "forward">;
  readonly timeoutMs: number;
}

/** Passes requests on to the hub for decision. */
export class Forwarder {
  readonly #with: ForwarderDeps;

  constructor(withDeps: ForwarderDeps) {
    this.#with = withDeps;
  }

  /**
   * Passes a request on with its original signature; the answer is returned unchanged.
   * @throws Problem `unreachable` when the hub does not answer, `too_many` while too many wait for
   * it.
   */
  async passOn(
    { wire, remoteAddress }: PeerRequest,
    { source, named }: Claimant,
    hub: string,
  ): Promise<PeerReply> {
    const { client, passage, timeoutMs } = this.#with;
    const envelope = forwardSchema.safeParse({ source, named, request: wire }).data;
    if (!envelope) throw new Problem("bad_request", "The request is too long to be forwarded.");
    try {
      return await passage.forward(remoteAddress, () =>
        client.send(hub, "POST", FORWARD_PATH, envelope, { timeoutMs }),
      );
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      throw new Problem("unreachable", "The hub does not answer; try again shortly.");
    }
  }
}

export interface EnvelopeDeps {
  readonly peers: PeerTable;
  readonly clock: { wallMs(): number; monotonicMs(): number };
  /** Where others dial this node. */
  readonly ownHost: () => string;
  readonly isKnown: (nodeId: string) => boolean;
}

/**
 * Reads, at the hub, requests that other nodes pass on. Only the inner signature identifies the
 * author, not the forwarder.
 */
export class Envelopes {
  readonly #with: EnvelopeDeps;
  readonly #nonces: NonceMemory;
  readonly #startNonces: NonceMemory;

  constructor(withDeps: EnvelopeDeps) {
    this.#with = withDeps;
    this.#nonces = new NonceMemory(withDeps.isKnown);
    this.#startNonces = new NonceMemory(withDeps.isKnown);
  }

  /**
   * The author of a request in an envelope that the node `via` has sent from `viaAddress`.
   * @throws Problem `not_trusted` if the inner signature does not verify. Not `bad_signature`: the
   * forwarder's own is valid, and it could not sign anything anew. `too_many`
   */
  open({ source, named, request }: Forward, via: string, viaAddress: string): Claimant {
    const { clock, peers, ownHost } = this.#with;
    // Signed for the forwarder, and thus dated in its time.
    const { clockOffsetMs = 0, startOffsetMs: offsetMs } = peers.get(via)?.key ?? {};
    const verifier = {
      nodeId: via,
      clock: {
        wallMs: () => clock.wallMs() + clockOffsetMs,
        monotonicMs: () => clock.monotonicMs(),
      },
      nonces: this.#nonces,
      startClock: offsetMs === undefined ? undefined : { offsetMs, nonces: this.#startNonces },
    };
    const verdict = verifyRequest(request, request.headers, verifier, via);
    if (verdict.kind === "crowded") throw new Problem("too_many", CROWDED);
    if (verdict.kind === "bad" || verdict.kind === "misdirected") {
      const reason = verdict.kind === "bad" ? verdict.reason : `meant for ${verdict.audience}`;
      throw new Problem("not_trusted", `The forwarded request: ${reason}`);
    }
    const signer = verdict.kind === "signed" ? verdict.nodeId : undefined;
    const forwarderHost = sourceOf(viaAddress, ownHost());
    return { signer, controlled: false, source: sourceOf(source, forwarderHost), via, named };
  }
}
