import { messageOf, Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Journal, JournalWrite } from "../store/journal.ts";
import type { TankRow } from "../store/rows.ts";
import type { Log } from "../telemetry/log.ts";

/** The name, with a number appended if it is taken: `reef-2`. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) {
    const ending = `-${number}`;
    const kept = name.slice(0, LIMITS.nameCharactersMax - ending.length);
    // The cut may be inside a character of two code units.
    const numbered = (kept.isWellFormed() ? kept : kept.slice(0, -1)) + ending;
    if (!taken.has(numbered)) return numbered;
  }
}

/** @throws Problem `name_taken`, with a name that is free */
export function requireFreeName(name: string, taken: ReadonlySet<string>): void {
  const free = freeName(name, taken);
  if (free === name) return;
  throw new Problem(
    "name_taken",
    `this node has a tank called ${name} already; choose another name, for example ${free}`,
  );
}

/**
 * The tanks of one node by age, with distinct names: of several tanks of one name the oldest keeps
 * it. Earlier builds allowed duplicates.
 */
export function distinctlyNamed(rows: readonly TankRow[]): readonly TankRow[] {
  const taken = new Set(rows.map(({ name }) => name));
  const seen = new Set<string>();
  return rows
    .toSorted((a, b) => a.ordinal - b.ordinal)
    .map((row) => {
      const name = seen.has(row.name) ? freeName(row.name, taken) : row.name;
      taken.add(name);
      seen.add(name);
      return name === row.name ? row : { ...row, name };
    });
}

/**
 * The stored tanks, after duplicate names were changed in the journal. A name is no part of a
 * tank's world, so no digest changes. If the journal takes no writes, the next start stores them.
 */
export async function renameDuplicates(ports: {
  readonly journal: Journal;
  readonly log: Log;
}): Promise<readonly TankRow[]> {
  const { journal, log } = ports;
  const stored = await journal.tanks();
  const before = new Map(stored.map(({ tank_id, name }) => [tank_id, name]));
  const rows = distinctlyNamed(stored);
  const renamed = rows.filter(({ tank_id, name }) => before.get(tank_id) !== name);
  if (renamed.length === 0) return stored;
  for (const { tank_id, name } of renamed) {
    log.warn("tank renamed", { tank_id, name, earlier_name: before.get(tank_id) ?? "" });
  }
  try {
    await journal.commit(renamed.map((row): JournalWrite => ({ put: "tank", row })));
  } catch (error) {
    log.warn("tank names not stored", { reason: messageOf(error) });
  }
  return rows;
}
