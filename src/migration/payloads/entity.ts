import { LIMITS } from "../../platform/limits.ts";
import { readPlantRecord, readRecord } from "../../sim/index.ts";
import type { JournalWrite } from "../../store/journal.ts";
import type { EntityType } from "../../store/rows.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type {
  Barrier,
  Entry,
  ImportOrder,
  Payload,
  Payloads,
  RecordReading,
  RestoreOrder,
  SealOrder,
} from "./payload.ts";

/**
 * What a full tank does with a fish that arrives: `refuse` it, or let it take the place of the
 * worst one if it is better (`fair`, after pagmo's fair_replace).
 */
export const REPLACEMENTS = ["refuse", "fair"] as const;
export type Replacement = (typeof REPLACEMENTS)[number];

/** One inhabitant of a tank: the world's commands export, import and restore it. */
class EntityPayload implements Payload {
  readonly recordBytesMax = LIMITS.entityRecordBytesMax;
  readonly read: (record: Uint8Array) => RecordReading;
  readonly #tanks: Pick<Tanks, "submit">;
  readonly #replacement: Replacement;

  constructor(
    tanks: Pick<Tanks, "submit">,
    read: (record: Uint8Array) => RecordReading,
    replacement: Replacement,
  ) {
    this.#tanks = tanks;
    this.read = read;
    this.#replacement = replacement;
  }

  async seal(
    { tankId, entityId, side }: SealOrder,
    alongside: (sealed: Uint8Array) => readonly JournalWrite[],
  ): Promise<void> {
    await this.#tanks.submit(tankId, { kind: "export", entityId, side }, ({ outcome }) => {
      if (outcome.kind === "rejected" || outcome.record === undefined) return [];
      return alongside(outcome.record);
    });
  }

  async import(
    { tankId, record, side, mayReplace }: ImportOrder,
    alongside: (entry: Entry) => readonly JournalWrite[],
  ): Promise<void> {
    const arrival = { kind: "import", record, side } as const;
    const replaces = mayReplace && this.#replacement === "fair";
    const command = replaces ? { ...arrival, replaces } : arrival;
    await this.#tanks.submit(tankId, command, ({ outcome, epoch }) =>
      alongside({ refusal: outcome.kind === "done" ? null : outcome.reason, epoch }),
    );
  }

  async restore(
    { tankId, record }: RestoreOrder,
    alongside: () => readonly JournalWrite[],
  ): Promise<Barrier> {
    const command = { kind: "restore", record } as const;
    const { outcome } = await this.#tanks.submit(tankId, command, (stamped) =>
      stamped.outcome.kind === "rejected" ? [] : alongside(),
    );
    return outcome.kind === "done" ? undefined : outcome;
  }
}

/** Readers of records, which never see a tank: malformed bytes do not reach one. */
export type EntityReaders = Readonly<Record<EntityType, (record: Uint8Array) => RecordReading>>;

/** The world's own readers. A record of another kind than announced is a bad one. */
const WORLD_READERS: EntityReaders = {
  fish: (record) => {
    const read = readRecord(record);
    return read.kind === "ok" ? { entityId: read.fishId } : unreadable(read.reason);
  },
  plant: (record) => {
    const read = readPlantRecord(record);
    return read.kind === "ok" ? { entityId: read.plantId } : unreadable(read.reason);
  },
};

function unreadable(reason: string): RecordReading {
  return { entityId: undefined, reason };
}

export function entityPayloads(
  tanks: Pick<Tanks, "submit">,
  readers = WORLD_READERS,
  replacement: Replacement = "refuse",
): Payloads {
  return {
    fish: new EntityPayload(tanks, readers.fish, replacement),
    // A plant needs a spot, and no plant makes room for another.
    plant: new EntityPayload(tanks, readers.plant, "refuse"),
  };
}
