import type { decodeSlot } from "./slot-format.ts";

/** A slot as one side of the file has it. */
export type Read = ReturnType<typeof decodeSlot>;

/** A slot as both sides have it. */
export type Sides = readonly [Read, Read];

/** Marks the journal's slot, in the field of the tank_id. */
export const JOURNAL_NAME = "journal";
/** The first slot is the journal's own. */
export const JOURNAL_SLOT = 0;

/**
 * Slots that lie in the place of others, as after a misdirected write, count as damaged: their sums
 * are right, so only a second place of the same name tells. The place of a tank is the slot that
 * most sides give it, and of two such slots the one that was written later.
 */
export function withoutStrays(slots: readonly Sides[]): readonly Sides[] {
  const places = new Map<string, Place>([
    [JOURNAL_NAME, { slot: JOURNAL_SLOT, sides: 2, generation: Number.POSITIVE_INFINITY }],
  ]);
  for (const [slot, sides] of slots.entries()) {
    for (const name of namesIn(sides)) {
      const place = placeOf(name, slot, sides);
      if (isBefore(places.get(name), place)) places.set(name, place);
    }
  }
  const own = (read: Read, slot: number): Read => {
    const name = nameIn(read);
    if (name === undefined) return read;
    const isJournals = slot === JOURNAL_SLOT && name !== JOURNAL_NAME;
    return isJournals || places.get(name)?.slot !== slot ? "damaged" : read;
  };
  return slots.map(([one, other], slot) => [own(one, slot), own(other, slot)]);
}

interface Place {
  readonly slot: number;
  /** How many sides have it there. */
  readonly sides: number;
  readonly generation: number;
}

function placeOf(name: string, slot: number, sides: Sides): Place {
  const there = sides.filter((read) => nameIn(read) === name);
  const generations = there.map((read) => (typeof read === "object" ? read.generation : 0));
  return { slot, sides: there.length, generation: Math.max(...generations) };
}

function isBefore(one: Place | undefined, other: Place): boolean {
  if (!one || one.sides !== other.sides) return (one?.sides ?? 0) < other.sides;
  return one.generation < other.generation;
}

function namesIn(sides: Sides): ReadonlySet<string> {
  return new Set(sides.flatMap((read) => nameIn(read) ?? []));
}

function nameIn(read: Read): string | undefined {
  return typeof read === "object" ? read.mark?.tank_id : undefined;
}
