import type { Address } from "../../discovery/backend.ts";
import { Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import type { ClusterDeps } from "../deps.ts";
import { IdentityProbe, proofOf } from "../handshake/identity-probe.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { NodeDocument } from "../wire.ts";
import { CLONE_NOTICE_PATH, PRESENCE_PATH, type PresenceAnswer } from "./clone-routes.ts";
import { JournalPositions } from "./journal-positions.ts";
import { OwnClones } from "./own-clones.ts";
import { PeerClones } from "./peer-clones.ts";
import { challengeNames, type Presence, type PresenceProof, provePresence } from "./presence.ts";

export interface CloneDetectionDeps {
  readonly deps: ClusterDeps;
  readonly client: PeerClient;
  readonly table: PeerTable;
  readonly ageMs: () => number;
  readonly document: () => NodeDocument;
  readonly policy: () => DialPolicy;
  /** Whether a node is one of the cluster; see {@link Cluster.knows}. */
  readonly knows: (nodeId: string) => boolean;
  /** Called when this node is fenced: others should know, and it must not lead. */
  readonly onFenced: (problem: Problem) => void;
}

/**
 * Clone detection: data directories that exist twice or were set back. Detects this node's own by
 * the memory of others and by meeting its own id; those of others by two live starts of one id.
 */
export class CloneDetection {
  readonly positions: JournalPositions;
  readonly own: OwnClones;
  readonly peers: PeerClones;
  readonly probe: IdentityProbe;
  readonly #with: CloneDetectionDeps;

  constructor(withDeps: CloneDetectionDeps) {
    this.#with = withDeps;
    const { deps, client, table, ageMs, document, knows, onFenced } = withDeps;
    this.positions = new JournalPositions(deps, {
      table,
      knows,
      counts: (nodeId, bootId) => this.peers.counts(nodeId, bootId),
      challenges: (nodeId) => this.peers.challenges(nodeId),
      onChallenged: (nodeId, challenges) => void this.#answer(nodeId, challenges),
      onFenced,
    });
    this.own = new OwnClones({
      ...deps,
      ageMs,
      isFenced: () => this.positions.fenced !== undefined,
      fence: (problem) => this.positions.fence(problem),
    });
    const presence = () => this.#presence();
    const { policy } = withDeps;
    this.probe = new IdentityProbe({ deps, client, document, presence, policy });
    this.peers = new PeerClones({
      ...deps,
      table,
      nonce: () => this.probe.nonce(),
      ask: (nodeId, address, challenge) => this.#ask(nodeId, address, challenge),
      tell: (nodeId, addresses, proof) => void this.#tell(nodeId, addresses, proof),
    });
  }

  #presence(): Presence {
    const { deps, ageMs } = this.#with;
    return {
      bootId: deps.bootId,
      uptimeMs: Math.round(ageMs()),
      fenced: this.positions.fenced !== undefined,
    };
  }

  async #ask(
    nodeId: string,
    address: Address,
    challenge: string,
  ): Promise<PresenceProof | undefined> {
    if (dialable([address], this.#with.policy()).length === 0) return undefined;
    try {
      const probed = await this.probe.ask(address, { challenge });
      if (probed.kind === "failed" || probed.document.node_id !== nodeId) return undefined;
      return proofOf(probed);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      return undefined;
    }
  }

  async #tell(nodeId: string, addresses: readonly Address[], proof: PresenceProof): Promise<void> {
    const { client, policy } = this.#with;
    const options = { timeoutMs: this.#timeoutMs, audience: nodeId };
    for (const address of dialable(addresses, policy())) {
      try {
        await client.sendTo(address, "POST", CLONE_NOTICE_PATH, { proof }, options);
        return;
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
      }
    }
  }

  /** Proves that this start is alive beside the one that the challenge names. */
  async #answer(nodeId: string, challenges: readonly string[]): Promise<void> {
    const { client, deps } = this.#with;
    const { identity, bootId } = deps;
    for (const challenge of challenges) {
      if (challengeNames(bootId, challenge)) continue;
      const proof = provePresence(identity, this.#presence(), challenge);
      const body: PresenceAnswer = { public_key: identity.publicKey, proof };
      try {
        await client.send(nodeId, "POST", PRESENCE_PATH, body, { timeoutMs: this.#timeoutMs });
      } catch (error) {
        // The next answer repeats the challenge. A Problem: the node was not dialled yet.
        if (!(error instanceof NetworkError || error instanceof Problem)) throw error;
      }
    }
  }

  get #timeoutMs(): number {
    return this.#with.deps.settings.timing.discoveryTimeoutMs;
  }
}
