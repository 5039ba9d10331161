import { LIMITS } from "../platform/limits.ts";
import { readPlantRecord, readRecord } from "../sim/index.ts";
import type { Journal } from "../store/journal.ts";
import type { EntityType, LogRow } from "../store/rows.ts";
import { decodeCommand } from "../tanks/log/command-codec.ts";
import { type Look, UNMATCHED_MAX } from "./statement.ts";

type Unmatched = NonNullable<Look["unmatched"]>;
type Way = keyof Unmatched;

/** Entities by what happened to them, newest first. */
type Happened = Record<Way, (string | undefined)[]>;

/**
 * The fish of a tank that its log tells of and its transfers do not, or the other way round. Both
 * keep only the newest, so the oldest of a long list may be of those that one has already removed.
 */
export async function unmatchedOf(journal: Journal, tankId: string): Promise<Unmatched> {
  const logged = inLog(await journal.log(tankId, 0));
  const recorded = await inTransfers(journal, tankId);
  const compare = (way: Way) => ({
    logged: beyond(logged[way], recorded[way]),
    recorded: beyond(recorded[way], logged[way]),
  });
  return {
    exported: compare("exported"),
    restored: compare("restored"),
    imported: compare("imported"),
  };
}

function inLog(rows: readonly LogRow[]): Happened {
  const happened: Happened = { exported: [], restored: [], imported: [] };
  for (const { kind, payload } of rows.toReversed()) {
    const command = decodeCommand(kind, payload);
    if (command?.kind === "export") happened.exported.push(command.entityId);
    if (command?.kind === "import" && !command.copy) happened.imported.push(idIn(command.record));
    if (command?.kind === "restore") happened.restored.push(idIn(command.record));
  }
  return happened;
}

/** The fish or the plant of a record. */
function idIn(record: Uint8Array): string | undefined {
  const fish = readRecord(record);
  if (fish.kind === "ok") return fish.fishId;
  const plant = readPlantRecord(record);
  return plant.kind === "ok" ? plant.plantId : undefined;
}

async function inTransfers(journal: Journal, tankId: string): Promise<Happened> {
  const limit = 2 * LIMITS.transfersKeptMax;
  // A copy is no transfer in either ledger: nothing leaves, and somebody is born.
  const moved = ({ entity_type }: { readonly entity_type: EntityType }) => entity_type !== "copy";
  const sent = (await journal.outbox({ limit })).filter(
    (row) => row.source_tank_id === tankId && moved(row),
  );
  const received = (await journal.inbox({ limit, states: ["accepted"] })).filter(
    (row) => row.destination_tank_id === tankId && moved(row),
  );
  return {
    exported: sent.map(({ entity_id }) => entity_id),
    restored: sent.filter(({ state }) => state === "returned").map(({ entity_id }) => entity_id),
    imported: received.map(({ entity_id }) => entity_id ?? undefined),
  };
}

/** Those of the first list, once for each time that the other has not. */
function beyond(
  these: readonly (string | undefined)[],
  those: readonly (string | undefined)[],
): string[] {
  const left = new Map<string, number>();
  for (const id of those) if (id !== undefined) left.set(id, (left.get(id) ?? 0) + 1);
  const unmatched: string[] = [];
  for (const id of these) {
    if (id === undefined) continue;
    const matches = left.get(id) ?? 0;
    if (matches > 0) left.set(id, matches - 1);
    else if (unmatched.length < UNMATCHED_MAX) unmatched.push(id);
  }
  return unmatched;
}
