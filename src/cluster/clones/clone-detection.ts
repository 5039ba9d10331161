import type { Address } from "../../discovery/backend.ts";
import type { Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import type { ClusterDeps } from "../deps.ts";
import { IdentityProbe, proofOf } from "../handshake/identity-probe.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import type { NodeDocument } from "../wire.ts";
import { JournalPositions } from "./journal-positions.ts";
import { OwnClones } from "./own-clones.ts";
import { PeerClones } from "./peer-clones.ts";
import type { Presence, PresenceProof } from "./presence.ts";

export interface CloneDetectionDeps {
  readonly deps: ClusterDeps;
  readonly client: PeerClient;
  readonly ageMs: () => number;
  readonly document: () => NodeDocument;
  readonly policy: () => DialPolicy;
  /** The tanks stand still from now on: others should know, and this node should not lead. */
  readonly onHold: (problem: Problem) => void;
}

/** `POST`: shows a node the proof that another one with its key was started earlier and is alive. */
export const COPIED_PATH = "/api/cluster/copied";

/**
 * Notices data directories that exist twice or were set back: our own by what others remember of us
 * and by meeting our own id, those of others by two starts of one id that are alive together.
 */
export class CloneDetection {
  readonly lineage: JournalPositions;
  readonly copies: OwnClones;
  readonly rivals: PeerClones;
  readonly introduction: IdentityProbe;
  readonly #with: CloneDetectionDeps;

  constructor(withDeps: CloneDetectionDeps) {
    this.#with = withDeps;
    const { deps, client, ageMs, document, onHold } = withDeps;
    this.lineage = new JournalPositions(deps, {
      publicKeyOf: (nodeId) => client.pinned(nodeId)?.publicKey,
      counts: (nodeId, bootId) => this.rivals.counts(nodeId, bootId),
      onHold,
    });
    this.copies = new OwnClones({
      ...deps,
      ageMs,
      isHeld: () => this.lineage.held !== undefined,
      hold: (problem) => this.lineage.hold(problem),
    });
    const presence = () => this.#presence();
    this.introduction = new IdentityProbe({ deps, client, document, presence });
    this.rivals = new PeerClones({
      ...deps,
      nonce: () => this.introduction.nonce(),
      ask: (nodeId, bootId, addresses, challenge) =>
        this.#ask(nodeId, bootId, addresses, challenge),
      tell: (nodeId, addresses, proof) => void this.#tell(nodeId, addresses, proof),
    });
    client.onCopyProof = (proof) => this.copies.judge(proof, "elsewhere");
  }

  #presence(): Presence {
    const { deps, ageMs } = this.#with;
    return {
      bootId: deps.bootId,
      uptimeMs: Math.round(ageMs()),
      held: this.lineage.held !== undefined,
    };
  }

  async #ask(
    nodeId: string,
    bootId: string,
    addresses: readonly Address[],
    challenge: string,
  ): Promise<PresenceProof | undefined> {
    for (const address of dialable(addresses, this.#with.policy())) {
      try {
        const introduced = await this.introduction.ask(address, challenge);
        if (introduced.kind === "failed" || introduced.document.node_id !== nodeId) continue;
        const proof = proofOf(introduced);
        if (proof?.boot_id === bootId) return proof;
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
      }
    }
    return undefined;
  }

  async #tell(nodeId: string, addresses: readonly Address[], proof: PresenceProof): Promise<void> {
    const { client, deps, policy } = this.#with;
    const timeoutMs = deps.settings.timing.discoveryTimeoutMs;
    for (const address of dialable(addresses, policy())) {
      try {
        const options = { timeoutMs, audience: nodeId };
        await client.sendTo(address, "POST", COPIED_PATH, { proof }, options);
        return;
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
      }
    }
  }
}
