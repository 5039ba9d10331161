import { decodeSlot, encodeSlot, SLOT_BYTES, type SlotMark } from "./slot-format.ts";
import { JOURNAL_NAME, JOURNAL_SLOT, type Read, type Sides, withoutStrays } from "./strays.ts";

/**
 * The watermark file is made of chunks, each with two sides that hold the same slots:
 *
 *     chunk 0, side 0 | chunk 0, side 1 | chunk 1, side 0 | …
 *
 * A change is written to one side, the next one to the other, together with the changes that side
 * has missed. So a torn write leaves the other side intact, with everything up to the previous
 * change, which is all that was acknowledged.
 */
const CHUNK_SLOTS = 256;
const SIDE_BYTES = CHUNK_SLOTS * SLOT_BYTES;
export const CHUNK_BYTES = 2 * SIDE_BYTES;

/** The unit that disks and page caches write: a change rewrites whole pages. */
export const PAGE_BYTES = 4096;
const PAGE_SLOTS = PAGE_BYTES / SLOT_BYTES;
const SIDE_PAGES = SIDE_BYTES / PAGE_BYTES;

export type Side = 0 | 1;

/** Bytes to be written at an offset of the file. */
export interface FilePart {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The position of a journal when the file was last written. */
export interface JournalMark {
  /** Id of the journal, to recognise the file of another one. */
  readonly id: string;
  readonly position: number;
}

/**
 * The content of a watermark file in memory: which tank has which slot, and which pages of which
 * side of the file are out of date. Does no I/O: the owner of the file writes what {@link stale}
 * returns.
 */
export class SlotImage {
  /** Some slots were unreadable on both sides: their tanks are unknown. */
  readonly damaged: number;
  #slots: Uint8Array;
  readonly #marks = new Map<string, { readonly slot: number; readonly mark: SlotMark }>();
  readonly #free: number[] = [];
  readonly #stale: readonly [Set<number>, Set<number>] = [new Set(), new Set()];
  #journal: JournalMark | undefined;
  #generation = 0;
  #next: Side;

  /** `file` may be empty, truncated, or damaged anywhere. */
  constructor(file: Uint8Array) {
    const chunks = Math.ceil(file.length / CHUNK_BYTES);
    const whole = new Uint8Array(chunks * CHUNK_BYTES);
    whole.set(file);
    this.#slots = new Uint8Array(chunks * SIDE_BYTES);
    const damagedOn: [number, number] = [0, 0];
    let damaged = 0;
    const slots = Array.from(
      { length: chunks * CHUNK_SLOTS },
      (_, slot): Sides => [readSlot(whole, slot, 0), readSlot(whole, slot, 1)],
    );
    for (const [slot, [one, other]] of withoutStrays(slots).entries()) {
      if (one === "damaged") damagedOn[0]++;
      if (other === "damaged") damagedOn[1]++;
      const newest = newer(one, other);
      if (newest === "damaged") damaged++;
      this.#adopt(slot, newest === "damaged" || newest === "unwritten" ? undefined : newest);
    }
    this.damaged = damaged;
    // The lowest free slot is used first, so that pages fill up.
    this.#free.reverse();
    for (const side of [0, 1] as const) this.#compare(whole, side);
    this.#next = oldestSide(damagedOn, this.#stale);
  }

  /** The length of the complete file. */
  get fileBytes(): number {
    return 2 * this.#slots.length;
  }

  /** The number of free slots. */
  get free(): number {
    return this.#free.length;
  }

  get journal(): JournalMark | undefined {
    return this.#journal;
  }

  marks(): readonly SlotMark[] {
    return [...this.#marks.values()].map(({ mark }) => mark);
  }

  mark(tankId: string): SlotMark | undefined {
    return this.#marks.get(tankId)?.mark;
  }

  /** Adds a chunk of free slots. The file must have been extended before. */
  grow(): void {
    const first = this.#slots.length / SLOT_BYTES;
    const slots = new Uint8Array(this.#slots.length + SIDE_BYTES);
    slots.set(this.#slots);
    this.#slots = slots;
    for (let slot = first + CHUNK_SLOTS - 1; slot >= first; slot--) {
      if (slot !== JOURNAL_SLOT) this.#free.push(slot);
    }
  }

  /** Starts a new generation, to which later changes belong. */
  begin(): void {
    this.#generation++;
  }

  setJournal({ id, position }: JournalMark): void {
    this.#journal = { id, position };
    const mark = { tank_id: JOURNAL_NAME, tank_key: id, seq: position, tick: 0, checksum: "" };
    this.#put(JOURNAL_SLOT, mark);
  }

  /** Sets the tank's watermark. Assigns a slot if it has none; there must be a free one. */
  set(mark: SlotMark): void {
    const slot = this.#marks.get(mark.tank_id)?.slot ?? this.#free.pop();
    if (slot === undefined) throw new Error("the watermark file has no free slot");
    this.#marks.set(mark.tank_id, { slot, mark });
    this.#put(slot, mark);
  }

  remove(tankId: string): void {
    const known = this.#marks.get(tankId);
    if (!known) return;
    this.#marks.delete(tankId);
    this.#free.push(known.slot);
    this.#put(known.slot, undefined);
  }

  /**
   * The out-of-date parts of one side of the file, and a callback for when they are on the disk.
   */
  stale(): { readonly parts: readonly FilePart[]; written(): void } {
    const side = this.#next;
    const pages = [...this.#stale[side]].sort((a, b) => a - b);
    const parts: FilePart[] = [];
    for (let at = 0; at < pages.length; ) {
      const first = pages[at] ?? 0;
      let count = 1;
      // A run ends with its chunk, since the chunk's other side follows in the file.
      while (pages[at + count] === first + count && (first + count) % SIDE_PAGES !== 0) count++;
      parts.push({ offset: pageOffset(first, side), bytes: this.#pages(first, count) });
      at += count;
    }
    const written = () => {
      for (const page of pages) this.#stale[side].delete(page);
      this.#next = side === 0 ? 1 : 0;
    };
    return { parts, written };
  }

  #adopt(
    slot: number,
    record: { readonly generation: number; readonly mark: SlotMark | undefined } | undefined,
  ): void {
    this.#generation = Math.max(this.#generation, record?.generation ?? 0);
    if (record) this.#slots.set(encodeSlot(record), slot * SLOT_BYTES);
    const mark = record?.mark;
    if (slot === JOURNAL_SLOT) {
      if (mark) this.#journal = { id: mark.tank_key, position: mark.seq };
    } else if (mark) this.#marks.set(mark.tank_id, { slot, mark });
    else this.#free.push(slot);
  }

  #put(slot: number, mark: SlotMark | undefined): void {
    this.#slots.set(encodeSlot({ generation: this.#generation, mark }), slot * SLOT_BYTES);
    const page = Math.floor(slot / PAGE_SLOTS);
    for (const stale of this.#stale) stale.add(page);
  }

  /** Marks the pages in which one side of the file differs from the image. */
  #compare(file: Uint8Array, side: Side): void {
    for (let page = 0; page < this.#slots.length / PAGE_BYTES; page++) {
      const offset = pageOffset(page, side);
      const there = file.subarray(offset, offset + PAGE_BYTES);
      if (!there.every((byte, index) => byte === this.#slots[page * PAGE_BYTES + index])) {
        this.#stale[side].add(page);
      }
    }
  }

  #pages(first: number, count: number): Uint8Array {
    return this.#slots.subarray(first * PAGE_BYTES, (first + count) * PAGE_BYTES);
  }
}

function readSlot(file: Uint8Array, slot: number, side: Side): Read {
  const chunk = Math.floor(slot / CHUNK_SLOTS);
  const offset = chunk * CHUNK_BYTES + side * SIDE_BYTES + (slot % CHUNK_SLOTS) * SLOT_BYTES;
  return decodeSlot(file.subarray(offset, offset + SLOT_BYTES));
}

function newer(one: Read, other: Read): Read {
  const ages = [one, other].filter((read) => typeof read === "object");
  const [first, second] = ages;
  if (first && second) return second.generation > first.generation ? second : first;
  if (first) return first;
  return one === "damaged" || other === "damaged" ? "damaged" : "unwritten";
}

/** The side to write first: never the only complete one. */
function oldestSide(
  damaged: readonly [number, number],
  stale: readonly [ReadonlySet<number>, ReadonlySet<number>],
): Side {
  if (damaged[0] !== damaged[1]) return damaged[0] > damaged[1] ? 0 : 1;
  return stale[0].size >= stale[1].size ? 0 : 1;
}

function pageOffset(page: number, side: Side): number {
  const chunk = Math.floor(page / SIDE_PAGES);
  return chunk * CHUNK_BYTES + side * SIDE_BYTES + (page % SIDE_PAGES) * PAGE_BYTES;
}
