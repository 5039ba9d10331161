import { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Identity } from "../identity/identity.ts";
import { CHALLENGE_CHARACTERS_MAX } from "../identity/proof.ts";
import { isSigned, signText } from "../identity/signed-text.ts";
import type { PeerReply, PeerRequest, PeerRoute } from "../peer-route.ts";
import { problemCodeOf } from "../problem-code.ts";
import { problemReply } from "../problem-reply.ts";

/** One start of a node, as it describes itself. */
export interface Presence {
  readonly bootId: string;
  /** Time since its start, by its monotonic clock, since wall clocks differ. */
  readonly uptimeMs: number;
  /** Whether it is fenced. */
  readonly fenced: boolean;
}

/**
 * A signed answer of one start of a node to a challenge. A challenge that begins with the boot id
 * of another start proves that both are alive: a third node that has met both delivers it to the
 * other.
 */
export const presenceProofSchema = z.object({
  boot_id: z.string().min(1).max(LIMITS.nameCharactersMax),
  uptime_ms: z.number().nonnegative(),
  fenced: z.boolean(),
  challenge: z.string().max(CHALLENGE_CHARACTERS_MAX),
  signature: z.string().max(128),
});
export type PresenceProof = z.infer<typeof presenceProofSchema>;

export function signPresence(identity: Identity, presence: Presence, challenge: string): string {
  return signText(identity, presenceText(identity.nodeId, presence, challenge));
}

export function isPresent(
  publicKey: string,
  nodeId: string,
  { boot_id, uptime_ms, fenced, challenge, signature }: PresenceProof,
): boolean {
  const presence = { bootId: boot_id, uptimeMs: uptime_ms, fenced };
  return isSigned(publicKey, presenceText(nodeId, presence, challenge), signature);
}

/** Signs `challenge` for this start. */
export function provePresence(
  identity: Identity,
  presence: Presence,
  challenge: string,
): PresenceProof {
  const { bootId: boot_id, uptimeMs: uptime_ms, fenced } = presence;
  const signature = signPresence(identity, presence, challenge);
  return { boot_id, uptime_ms, fenced, challenge, signature };
}

/** A challenge that only a start that is alive beside `bootId` can answer. */
export function challengeBeside(bootId: string, nonce: string): string {
  return `${bootId}.${nonce}`;
}

/** Whether the challenge names that start, so that another start has to answer it. */
export function challengeNames(bootId: string, challenge: string): boolean {
  return challenge.startsWith(`${bootId}.`);
}

/** Whether the proof is for the start `bootId`: another one was alive beside it. */
export function isBeside(bootId: string, proof: PresenceProof): boolean {
  return proof.boot_id !== bootId && challengeNames(bootId, proof.challenge);
}

/** Refuses the later of two starts, with the proof that the earlier one is alive. */
export class CloneRefused extends Problem {
  readonly proof: PresenceProof;

  constructor(proof: PresenceProof) {
    super("directory_copied", "A node with your key was started before you and runs elsewhere.");
    this.proof = proof;
  }
}

/** The same route, but with the proof in its refusal of a clone. */
export function tellingClones(route: PeerRoute): PeerRoute {
  const handle = async (request: PeerRequest): Promise<PeerReply> => {
    try {
      return await route.handle(request);
    } catch (error) {
      if (!(error instanceof CloneRefused)) throw error;
      return problemReply("directory_copied", error.message, { proof: error.proof });
    }
  };
  return { ...route, handle };
}

const refusalSchema = z.object({ proof: presenceProofSchema });

/** The proof in an answer, if it is such a refusal. */
export function proofIn(reply: PeerReply): PresenceProof | undefined {
  if (problemCodeOf(reply) !== "directory_copied") return undefined;
  return refusalSchema.safeParse(reply.body).data?.proof;
}

function presenceText(
  nodeId: string,
  { bootId, uptimeMs, fenced }: Presence,
  challenge: string,
): string {
  const words = ["tankd-presence-v1", nodeId, bootId, uptimeMs, fenced, challenge];
  return words.join("\n");
}
