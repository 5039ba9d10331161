import { z } from "zod";
import { type Identity, nodeIdOf } from "../../cluster/identity/identity.ts";
import { isSigned, signText } from "../../cluster/identity/signed-text.ts";
import { LIMITS } from "../../platform/limits.ts";
import { MOVE_LIMITS } from "../../platform/limits-moves.ts";

const name = z.string().min(1).max(LIMITS.nameCharactersMax);

/** Words of a former owner: this tank belongs to that node from this epoch on. */
export const certificateSchema = z.strictObject({
  tank_id: name,
  move_id: z.string().regex(/^[0-9a-f]{32}$/, "must be 32 hex digits"),
  from: name,
  to: name,
  epoch: z.number().int().min(2),
  /** Of `from`, whose id is its hash: third nodes can verify the words. */
  key: z.string().length(43),
  signature: z.string().length(86),
});
export type Certificate = z.infer<typeof certificateSchema>;

export const certificatesSchema = z.array(certificateSchema).max(MOVE_LIMITS.certificatesMax);

export type Handover = Pick<Certificate, "tank_id" | "move_id" | "to" | "epoch">;

export function certify(identity: Identity, handover: Handover): Certificate {
  const from = identity.nodeId;
  const signature = signText(identity, textOf({ ...handover, from }));
  return { ...handover, from, key: identity.publicKey, signature };
}

/** Whether the former owner has signed exactly this. */
export function isGenuine(certificate: Certificate): boolean {
  const { key, from, signature } = certificate;
  return nodeIdOf(key) === from && isSigned(key, textOf(certificate), signature);
}

/**
 * The way of a tank from a node to its owner, one certificate after the other; empty where that
 * node has not given it away. Of each node the last counts. Epochs ascend, so it comes to an end.
 */
export function pathFrom(certificates: readonly Certificate[], nodeId: string) {
  const last = new Map<string, Certificate>();
  for (const one of certificates) {
    if (one.epoch > (last.get(one.from)?.epoch ?? 0)) last.set(one.from, one);
  }
  const path: Certificate[] = [];
  for (let next = last.get(nodeId); next; next = last.get(next.to)) {
    if (next.epoch <= (path.at(-1)?.epoch ?? 0)) break;
    path.push(next);
  }
  return path;
}

/** Whether the path proves that `to` acts for what the tank has begun on `from`. */
export function isProof(
  path: readonly Certificate[],
  { tankId, from, to }: { readonly tankId: string; readonly from: string; readonly to: string },
): boolean {
  const links = pathFrom(path, from);
  return (
    links.length > 0 &&
    links.at(-1)?.to === to &&
    links.every((one) => one.tank_id === tankId && isGenuine(one))
  );
}

/** The certificates of both, of each node the last. */
export function merged(
  some: readonly Certificate[],
  others: readonly Certificate[],
): readonly Certificate[] {
  const last = new Map<string, Certificate>();
  for (const one of [...some, ...others]) {
    if (one.epoch > (last.get(one.from)?.epoch ?? 0)) last.set(one.from, one);
  }
  return [...last.values()].sort((a, b) => b.epoch - a.epoch).slice(0, MOVE_LIMITS.certificatesMax);
}

function textOf({ tank_id, move_id, from, to, epoch }: Handover & { readonly from: string }) {
  return `tankd-tank-moved-v1\n${tank_id}\n${move_id}\n${from}\n${to}\n${epoch}`;
}
