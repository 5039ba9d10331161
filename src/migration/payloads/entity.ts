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

/** One inhabitant of a tank: the world's commands export, import and restore it. */
class EntityPayload implements Payload {
  readonly recordBytesMax = LIMITS.entityRecordBytesMax;
  readonly read: (record: Uint8Array) => RecordReading;
  readonly #tanks: Pick<Tanks, "submit">;

  constructor(tanks: Pick<Tanks, "submit">, read: (record: Uint8Array) => RecordReading) {
    this.#tanks = tanks;
    this.read = read;
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
    { tankId, record, side }: ImportOrder,
    alongside: (entry: Entry) => readonly JournalWrite[],
  ): Promise<void> {
    await this.#tanks.submit(tankId, { kind: "import", record, side }, ({ outcome, epoch }) =>
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

export function entityPayloads(tanks: Pick<Tanks, "submit">, readers = WORLD_READERS): Payloads {
  return {
    fish: new EntityPayload(tanks, readers.fish),
    plant: new EntityPayload(tanks, readers.plant),
  };
}
