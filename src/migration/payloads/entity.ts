import { invariant } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { readPlantRecord, readRecord } from "../../sim/index.ts";
import type { Command } from "../../sim/types.ts";
import type { Journal, JournalWrite } from "../../store/journal.ts";
import type { EntityType } from "../../store/rows.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import { commitDurably } from "../transfer/commit-durably.ts";
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
 * What a full tank of a node does with a fish of a known node: `refuse` it, let it take a place
 * (`fair`), or that only where its connection has `asked` for it.
 */
export const REPLACEMENT_RULES = ["refuse", "asked", "fair"] as const;
export type ReplacementRule = (typeof REPLACEMENT_RULES)[number];

/** One inhabitant of a tank: the world's commands export, import and restore it. */
class EntityPayload implements Payload {
  readonly recordBytesMax = LIMITS.entityRecordBytesMax;
  readonly read: (record: Uint8Array) => RecordReading;
  readonly #tanks: Pick<Tanks, "submit">;
  readonly #canReplace: boolean;
  /** What the import says besides. */
  protected readonly arrival: { readonly copy?: true } = {};

  constructor(
    tanks: Pick<Tanks, "submit">,
    read: (record: Uint8Array) => RecordReading,
    canReplace: boolean,
  ) {
    this.#tanks = tanks;
    this.read = read;
    this.#canReplace = canReplace;
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
    const replaces = mayReplace && this.#canReplace;
    const command: Command = {
      kind: "import",
      record,
      side,
      ...(replaces ? { replaces } : {}),
      ...this.arrival,
    };
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

/**
 * A fish that stays where it is, and of which another one is born elsewhere. Only the row of its
 * transfer tells of it at the source, so there is nothing to restore.
 */
class CopyPayload extends EntityPayload {
  protected override readonly arrival = { copy: true } as const;
  readonly #journal: Pick<Journal, "commit">;

  constructor(
    tanks: Pick<Tanks, "submit">,
    read: (record: Uint8Array) => RecordReading,
    journal: Pick<Journal, "commit">,
  ) {
    super(tanks, read, true);
    this.#journal = journal;
  }

  override async seal(
    { record }: SealOrder,
    alongside: (sealed: Uint8Array) => readonly JournalWrite[],
  ): Promise<void> {
    invariant(record, "the record of a copy is read when it is chosen");
    await commitDurably(this.#journal, alongside(record));
  }

  override async restore(
    _order: RestoreOrder,
    alongside: () => readonly JournalWrite[],
  ): Promise<Barrier> {
    await this.#journal.commit(alongside());
    return undefined;
  }
}

/** Readers of records, which never see a tank: malformed bytes do not reach one. */
export type EntityReaders = Readonly<
  Record<Exclude<EntityType, "copy">, (record: Uint8Array) => RecordReading>
>;

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
  journal: Pick<Journal, "commit">,
  readers = WORLD_READERS,
): Payloads {
  return {
    fish: new EntityPayload(tanks, readers.fish, true),
    copy: new CopyPayload(tanks, readers.fish, journal),
    // A plant needs a spot, and no plant makes room for another.
    plant: new EntityPayload(tanks, readers.plant, false),
  };
}
