import type { Address } from "../../discovery/backend.ts";
import { PROBLEMS } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import { isPresent, type Presence, type PresenceProof, signPresence } from "../clones/presence.ts";
import type { ClusterDeps } from "../deps.ts";
import { encodeBase64Url, nodeIdOf } from "../identity/identity.ts";
import { signChallenge, verifyChallenge } from "../identity/proof.ts";
import type { PeerReply } from "../peer-route.ts";
import { type DialPolicy, type DialTarget, targetsOf } from "../peers/dial-policy.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import { problemCodeOf } from "../problem-code.ts";
import {
  type IdentityDocument,
  identityDocumentSchema,
  type NodeDocument,
  PROTOCOL_VERSION,
} from "../wire.ts";
import { type DialFailure, failed } from "./meeting.ts";

const CHALLENGE_BYTES = 24;

export interface IdentityProbeDeps {
  readonly deps: ClusterDeps;
  readonly client: PeerClient;
  readonly document: () => NodeDocument;
  readonly presence: () => Presence;
  readonly policy: () => DialPolicy;
}

export interface ProbeOptions {
  /** The text to sign; random unless given. */
  readonly challenge?: string;
  /** Called when a connection is established. */
  readonly onConnected?: () => void;
}

/** The proven identity of the node at an address, or why there is none. */
export type ProbeResult =
  | {
      readonly kind: "probed";
      readonly document: IdentityDocument;
      readonly challenge: string;
      readonly rttMs: number;
    }
  | DialFailure;

/** The first question of a handshake, "who are you?", and the answer to it. */
export class IdentityProbe {
  readonly #with: IdentityProbeDeps;

  constructor(withDeps: IdentityProbeDeps) {
    this.#with = withDeps;
  }

  /** Random text that nobody can have signed before. */
  nonce(): string {
    return encodeBase64Url(this.#with.deps.random.bytes(CHALLENGE_BYTES));
  }

  /** What this node tells everybody who asks (`GET /.well-known/tankd`). */
  describe(challenge: string | undefined): IdentityDocument {
    const { identity, settings, clock, startOffsetMs, bootId } = this.#with.deps;
    const { standing, record } = this.#with.document();
    const presence = this.#with.presence();
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
      start_clock_ms: clock.monotonicMs() + startOffsetMs,
      uptime_ms: presence.uptimeMs,
      fenced: presence.fenced,
      takes_unbound: true,
      ...(challenge === undefined
        ? {}
        : {
            signature: signChallenge(identity, challenge),
            presence_signature: signPresence(identity, presence, challenge),
          }),
    };
  }

  /**
   * Whether that node's key answers there; false if the name resolves to an address that may not be
   * dialled.
   */
  async isAt(address: Address, nodeId: string | undefined): Promise<boolean> {
    return (await this.whyNotAt(address, nodeId)) === undefined;
  }

  /** Why that node's key does not answer there, in a few words; undefined if it does. */
  async whyNotAt(address: Address, nodeId: string | undefined): Promise<string | undefined> {
    const { deps, policy } = this.#with;
    try {
      const [target] = await targetsOf(address, deps.network, policy());
      if (!target) return "its address may not be dialled";
      const result = await this.ask(target);
      if (result.kind === "failed") return result.reason;
      return result.document.node_id === nodeId ? undefined : "another node is there";
    } catch (error) {
      if (error instanceof NetworkError) return error.reason;
      throw error;
    }
  }

  /** Asks the program at an address for its identity. Rejects with NetworkError. */
  async ask(address: DialTarget, options: ProbeOptions = {}): Promise<ProbeResult> {
    const { client, deps } = this.#with;
    const { challenge = this.nonce(), onConnected } = options;
    const timeoutMs = deps.settings.timing.discoveryTimeoutMs;
    const path = `/.well-known/tankd?challenge=${encodeURIComponent(challenge)}`;
    const asked = await client.ask(address, path, {
      timeoutMs,
      ...(onConnected === undefined ? {} : { onConnected }),
    });
    const document = identityDocumentSchema.safeParse(asked.body).data;
    if (asked.status !== 200 || !document) return failed(refusalOf(asked, address));
    const { public_key: key, node_id: nodeId, signature = "" } = document;
    const genuine = nodeIdOf(key) === nodeId && verifyChallenge(key, nodeId, challenge, signature);
    if (!genuine) return failed("its key does not prove its id");
    return { kind: "probed", document, challenge, rttMs: asked.rttMs };
  }
}

/** The document of a probed node as a proof for others; undefined for a version without one. */
export function proofOf(probed: ProbeResult & { kind: "probed" }): PresenceProof | undefined {
  const { document, challenge } = probed;
  const { boot_id, uptime_ms, fenced, presence_signature: signature } = document;
  if (uptime_ms === undefined || fenced === undefined || signature === undefined) return undefined;
  const proof = { boot_id, uptime_ms, fenced, challenge, signature };
  return isPresent(document.public_key, document.node_id, proof) ? proof : undefined;
}

/** Why the request was refused, in our own words: a stranger's words would end up in our log. */
export function refusalOf(reply: PeerReply, { host }: Address): string {
  const code = problemCodeOf(reply);
  if (code === "foreign_host") return `it refuses the name ${host}: start it with --allow-host`;
  if (code !== undefined) return `it refuses: ${PROBLEMS[code].title}`;
  return `the program that answers there is not tankd (status ${reply.status})`;
}
