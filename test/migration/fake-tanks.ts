import type { RecordReading } from "../../src/migration/payloads/payload.ts";
import { Problem, StorageUnavailable } from "../../src/platform/errors.ts";
import { KeyedMutex } from "../../src/platform/mutex.ts";
import type {
  Command,
  FishProfile,
  FishView,
  Migrant,
  Outcome,
  TankStats,
} from "../../src/sim/types.ts";
import type { Journal } from "../../src/store/journal.ts";
import type { LogKind, LogRow, TankRow } from "../../src/store/rows.ts";
import { NO_STATS } from "../../src/tanks/tank-view.ts";
import type {
  Alongside,
  CommittedCensus,
  HostedTank,
  MigrantsWanted,
  Stamped,
  Tanks,
} from "../../src/tanks/tanks.ts";
import { fakeProfile } from "../api/fake-records.ts";

const text = { encode: new TextEncoder(), decode: new TextDecoder() };

/** The record of a fish without a world: its name. */
export function recordOf(entityId: string): Uint8Array {
  return text.encode.encode(JSON.stringify({ fish: entityId }));
}

/** As `readRecord` of the world: a record that is none is refused with a reason. */
export function readFakeRecord(record: Uint8Array): RecordReading {
  try {
    const parsed: unknown = JSON.parse(text.decode.decode(record));
    if (typeof parsed === "object" && parsed !== null && "fish" in parsed) {
      if (typeof parsed.fish === "string") return { entityId: parsed.fish };
    }
  } catch {
    // Falls through: not JSON is not a record.
  }
  return { entityId: undefined, reason: "bad_record" };
}

export function tankRow(tankId: string, fish: number, ordinal = 1): TankRow {
  return {
    tank_id: tankId,
    name: tankId,
    description: "",
    created_at: 0,
    seed: 1,
    fish,
    tank_key: new TextEncoder().encode(tankId).toHex().padEnd(16, "0").slice(-16),
    epoch: 1,
    ordinal,
    origin: "founded",
  };
}

/** Who lives in a tank by its durable log: the truth that audits compare. */
export async function aliveByLog(journal: Journal, row: TankRow): Promise<Set<string>> {
  const alive = new Set(Array.from({ length: row.fish }, (_, n) => `${row.tank_id}-${n + 1}`));
  for (const entry of await journal.log(row.tank_id, 0)) apply(alive, entry);
  return alive;
}

/** A log in which a fish comes twice, or leaves without having been there. */
export class ContradictoryLog extends Error {}

function apply(alive: Set<string>, { kind, payload }: LogRow): void {
  const entityId = text.decode.decode(payload);
  if (kind === "export") {
    if (!alive.delete(entityId)) throw new ContradictoryLog(`${entityId} leaves and is not there`);
  } else if (kind === "import" || kind === "restore") {
    if (alive.has(entityId)) throw new ContradictoryLog(`${entityId} comes and is there`);
    alive.add(entityId);
  }
}

interface Room {
  readonly row: TankRow;
  readonly alive: Set<string>;
  seq: number;
}

export interface FakeTanksOptions {
  /** Fish that fit into a tank; a restore is never refused for it. */
  readonly capacity?: () => number;
  /** A number in [0, 1): who is picked. */
  readonly draw?: () => number;
}

/**
 * Tanks whose worlds stand still: sets of fish ids with a real log in a real journal, one
 * transaction a command, `alongside` included. A new one on the same journal recovers from it.
 */
export class FakeTanks implements Tanks {
  readonly #journal: Journal;
  readonly #options: FakeTanksOptions;
  readonly #rooms = new Map<string, Room>();
  readonly #perTank = new KeyedMutex();
  /** What was asked of {@link FakeTanks.pickMigrants}. */
  readonly wanted: MigrantsWanted[] = [];
  storageFault: string | undefined;
  fenceReason: Problem | undefined;

  constructor(journal: Journal, options: FakeTanksOptions = {}) {
    this.#journal = journal;
    this.#options = options;
  }

  async recover(): Promise<this> {
    for (const row of await this.#journal.tanks()) {
      const log = await this.#journal.log(row.tank_id, 0);
      const alive = await aliveByLog(this.#journal, row);
      this.#rooms.set(row.tank_id, { row, alive, seq: log.length });
    }
    return this;
  }

  async add(row: TankRow): Promise<void> {
    await this.#journal.commit([{ put: "tank", row }]);
    this.#rooms.set(row.tank_id, { row, alive: await aliveByLog(this.#journal, row), seq: 0 });
  }

  adopt(): Promise<HostedTank> {
    return Promise.reject(new Error("not part of the fake"));
  }

  create(): Promise<HostedTank> {
    return Promise.reject(new Error("not part of the fake"));
  }

  async remove(tankId: string): Promise<void> {
    await this.#journal.commit([{ remove: "tank", tank_id: tankId }]);
    this.#rooms.delete(tankId);
  }

  fence(reason: Problem): void {
    this.fenceReason ??= reason;
  }

  list(): readonly HostedTank[] {
    return [...this.#rooms.values()].map(hosted);
  }

  get(tankId: string): HostedTank | undefined {
    const room = this.#rooms.get(tankId);
    return room && hosted(room);
  }

  alive(tankId: string): readonly string[] {
    return [...(this.#rooms.get(tankId)?.alive ?? [])];
  }

  submit(tankId: string, command: Command, alongside?: Alongside): Promise<Stamped> {
    return this.#perTank.run(tankId, async () => {
      const room = this.#rooms.get(tankId);
      if (!room) throw new Problem("unknown_tank", `no tank ${tankId}`);
      const { outcome, entityId, kind } = this.#try(room, command);
      const seq = room.seq + (outcome.kind === "done" ? 1 : 0);
      const stamped: Stamped = { outcome, seq, tick: seq, epoch: room.row.epoch };
      const row = logRow(tankId, seq, kind, entityId);
      const log = outcome.kind === "done" ? [{ put: "log", row } as const] : [];
      try {
        await this.#journal.commit([...log, ...(alongside?.(stamped) ?? [])]);
      } catch (error) {
        if (error instanceof StorageUnavailable) {
          throw new Problem("storage_unavailable", error.message);
        }
        throw error;
      }
      room.seq = seq;
      if (outcome.kind === "done") apply(room.alive, row);
      return stamped;
    });
  }

  #try(room: Room, command: Command): { outcome: Outcome; entityId: string; kind: LogKind } {
    if (command.kind === "export") {
      const { entityId } = command;
      const kind = "export";
      if (!room.alive.has(entityId)) return { outcome: rejected("no_such_fish"), entityId, kind };
      return { outcome: { kind: "done", entityId, record: recordOf(entityId) }, entityId, kind };
    }
    if (command.kind !== "import" && command.kind !== "restore") {
      throw new Error(`${command.kind} is not part of the fake`);
    }
    const { kind } = command;
    const reading = readFakeRecord(command.record);
    const entityId = reading.entityId ?? "";
    if (reading.entityId === undefined) return { outcome: rejected("bad_record"), entityId, kind };
    const isCopy = command.kind === "import" && command.copy === true;
    if (room.alive.has(entityId) && !isCopy) {
      return { outcome: rejected("duplicate_fish"), entityId, kind };
    }
    const capacity = this.#options.capacity?.() ?? Number.POSITIVE_INFINITY;
    if (kind === "import" && room.alive.size >= capacity) {
      return { outcome: rejected("tank_full"), entityId, kind };
    }
    const born = isCopy ? `${room.row.tank_id}-copy-${room.seq + 1}-of-${entityId}` : entityId;
    return { outcome: { kind: "done", entityId: born }, entityId: born, kind };
  }

  async fish(): Promise<readonly FishView[]> {
    return [];
  }

  async census(tankId: string): Promise<CommittedCensus> {
    const room = this.#rooms.get(tankId);
    if (!room) throw new Problem("unknown_tank", `no tank ${tankId}`);
    const { alive, ledger } = stats(room.alive.size);
    const fish_ids = this.alive(tankId).toSorted();
    const hops = fish_ids.map(() => 0);
    return { tick: room.seq, alive, ledger, fish_ids, hops, epoch: 1, seq: room.seq };
  }

  async fishProfile(tankId: string, fishId: string): Promise<FishProfile | undefined> {
    return [...this.alive(tankId)].includes(fishId) ? fakeProfile(fishId) : undefined;
  }

  /** All fish of the fake are alike: the policy is noted and not followed. */
  async pickMigrants(tankId: string, wanted: MigrantsWanted): Promise<readonly Migrant[]> {
    this.wanted.push(wanted);
    const left = [...this.alive(tankId)];
    const unit = this.#options.draw ?? (() => 0);
    return Array.from({ length: wanted.count }).flatMap((_, n) =>
      left.splice(Math.floor(unit() * left.length), 1).map((fishId) => {
        const nearer = (this.wanted.length + n) % 2 === 0 ? "left" : "right";
        const side = wanted.direction === "both" ? nearer : wanted.direction;
        return { fishId, side, ...(wanted.copies ? { record: recordOf(fishId) } : {}) };
      }),
    );
  }

  watch(): () => void {
    return () => {};
  }
}

function rejected(reason: Extract<Outcome, { kind: "rejected" }>["reason"]): Outcome {
  return { kind: "rejected", reason, detail: "" };
}

function logRow(tankId: string, seq: number, kind: LogKind, entityId: string): LogRow {
  const payload = text.encode.encode(entityId);
  return {
    tank_id: tankId,
    seq,
    tick: seq,
    kind,
    payload,
    digest: null,
    checksum: "",
    engine_version: 1,
  };
}

function hosted({ row, alive, seq }: Room): HostedTank {
  return {
    row,
    status: "running",
    stats: stats(alive.size),
    seq,
    durableSeq: seq,
    tickRate: 30,
    achievedRate: 30,
    tickLag: 0,
    fastForwardTo: undefined,
    skippedTicks: 0,
  };
}

function stats(alive: number): TankStats {
  const ledger = { ...NO_STATS.ledger, founded: alive };
  return { ...NO_STATS, alive, capacity: 100, ledger };
}
