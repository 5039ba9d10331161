import { BoundedMap } from "../../platform/bounded-map.ts";
import { readShaped } from "../../platform/issue-words.ts";
import { MOVE_LIMITS } from "../../platform/limits-moves.ts";
import type { Journal } from "../../store/journal.ts";
import type { MovedTankRow } from "../../store/rows.ts";
import {
  type Certificate,
  certificatesSchema,
  isGenuine,
  isProof,
  merged,
  pathFrom,
} from "./certificate.ts";

/** Where a tank is that was here, with what proves it. */
export interface Departed {
  readonly nodeId: string;
  readonly epoch: number;
  readonly certificates: readonly Certificate[];
}

/**
 * Who owns tanks that have moved. Of those that were here it is durable, of others it is what
 * former owners have signed and somebody has shown.
 */
export class Owners {
  readonly #nodeId: string;
  readonly #rows = new Map<string, MovedTankRow>();
  readonly #own = new Map<string, readonly Certificate[]>();
  readonly #shown = new BoundedMap<string, readonly Certificate[]>(MOVE_LIMITS.tanksFollowedMax);
  #loaded = false;

  constructor(nodeId: string) {
    this.#nodeId = nodeId;
  }

  /** False until it is known which tanks have left: nothing is decided before. */
  get loaded(): boolean {
    return this.#loaded;
  }

  async load(journal: Pick<Journal, "movedTanks">): Promise<void> {
    for (const row of await journal.movedTanks()) this.note(row);
    this.#loaded = true;
  }

  /** A row that is durable. */
  note(row: MovedTankRow): void {
    this.#rows.set(row.tank_id, row);
    const certificates = readShaped(certificatesSchema, JSON.parse(row.certificates));
    this.#own.set(row.tank_id, certificates);
  }

  certificates(tankId: string): readonly Certificate[] {
    return merged(this.#own.get(tankId) ?? [], this.#shown.get(tankId) ?? []);
  }

  /** Undefined for a tank that is here, or never was. */
  departed(tankId: string): Departed | undefined {
    const row = this.#rows.get(tankId);
    if (!row || row.node_id === this.#nodeId) return undefined;
    const certificates = this.certificates(tankId);
    const last = pathFrom(certificates, this.#nodeId).at(-1);
    const { node_id, epoch } = row;
    return { nodeId: last?.to ?? node_id, epoch: last?.epoch ?? epoch, certificates };
  }

  /** The highest epoch that is known of a tank that was here; 0 for others. */
  epochOf(tankId: string): number {
    return this.#rows.get(tankId)?.epoch ?? 0;
  }

  /** The node that a tank is on which was on `nodeId`, as far as that is proven. */
  whereIs(tankId: string, nodeId: string): string {
    return pathFrom(this.certificates(tankId), nodeId).at(-1)?.to ?? nodeId;
  }

  /** What shows others that this node acts for `nodeId`; undefined where nothing does. */
  proofFor(tankId: string, nodeId: string): readonly Certificate[] | undefined {
    const path = pathFrom(this.certificates(tankId), nodeId);
    return path.at(-1)?.to === this.#nodeId ? path : undefined;
  }

  /** Whether the path proves that `to` owns the tank that was on `from`. */
  isProof(path: readonly Certificate[], of: Parameters<typeof isProof>[1]): boolean {
    return isProof(path, of);
  }

  /** Takes what somebody has shown of a tank. Returns whether it was on `nodeId` and is not now. */
  learn(tankId: string, nodeId: string, shown: unknown): boolean {
    const parsed = certificatesSchema.safeParse(shown);
    if (!parsed.success) return false;
    const path = pathFrom(parsed.data, nodeId);
    if (!path.every((one) => one.tank_id === tankId && isGenuine(one))) return false;
    const before = this.whereIs(tankId, nodeId);
    this.#shown.set(tankId, merged(this.#shown.get(tankId) ?? [], path));
    return this.whereIs(tankId, nodeId) !== before;
  }
}
