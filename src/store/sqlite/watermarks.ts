import type { JournalWrite } from "../journal.ts";
import type { Watermark } from "../rows.ts";
import type { SlotMark } from "../watermarks/slot-format.ts";
import type { SlotImage } from "../watermarks/slot-image.ts";
import type { WatermarkFile } from "./watermark-file.ts";

/** The part of {@link WatermarkFile} that is used here. */
export type SlotFile = Pick<WatermarkFile, "image" | "reserve" | "flush" | "close">;

/**
 * The watermarks of a journal. After each durable transaction, and before its acknowledgement, the
 * journal's position and the last log entry of each tank are written to a separate file. A database
 * that ends before them has lost acknowledged commits.
 *
 * A durable transaction can no longer be refused. So when writing the file fails, the commit
 * succeeds, and the next one is refused until the file has caught up.
 */
export class Watermarks {
  readonly #file: SlotFile;
  readonly #journalId: string;
  /** Tank keys by tank id, including tanks with an empty log. */
  readonly #keys: Map<string, string>;
  #behind = false;

  constructor(file: SlotFile, journalId: string, keys: Map<string, string>) {
    this.#file = file;
    this.#journalId = journalId;
    this.#keys = keys;
  }

  list(): readonly Watermark[] {
    return listWatermarks(this.#file.image);
  }

  of(tankId: string): Watermark | undefined {
    const mark = this.#file.image.mark(tankId);
    return mark && watermarkOf(mark);
  }

  /** Called before the transaction. Throws StorageUnavailable to prevent it. */
  prepare(writes: readonly JournalWrite[]): void {
    const { image } = this.#file;
    const unknown = new Set<string>();
    for (const write of writes) {
      const isLog = "put" in write && write.put === "log";
      if (isLog && !image.mark(write.row.tank_id)) unknown.add(write.row.tank_id);
    }
    this.#file.reserve(unknown.size);
    if (this.#behind) this.#flush();
  }

  /** Called after the transaction that has reached `position`. */
  record(writes: readonly JournalWrite[], position: number): void {
    const { image } = this.#file;
    image.begin();
    for (const write of writes) this.#note(write);
    image.setJournal({ id: this.#journalId, position });
    this.#behind = true;
    try {
      this.#flush();
    } catch {
      // The commit stands; prepare() refuses the next one.
    }
  }

  close(): void {
    this.#file.close();
  }

  #flush(): void {
    this.#file.flush();
    this.#behind = false;
  }

  #note(write: JournalWrite): void {
    const { image } = this.#file;
    if ("remove" in write && write.remove === "tank") {
      this.#keys.delete(write.tank_id);
      image.remove(write.tank_id);
    } else if ("remove" in write && write.remove === "everything") {
      this.#keys.clear();
      for (const { tank_id } of image.marks()) image.remove(tank_id);
    } else if ("put" in write && write.put === "tank") {
      const { tank_id, tank_key } = write.row;
      this.#keys.set(tank_id, tank_key);
      if (image.mark(tank_id)?.tank_key !== tank_key) image.remove(tank_id);
    } else if ("put" in write && write.put === "log") {
      const { tank_id, seq, tick, checksum } = write.row;
      const tank_key = this.#keys.get(tank_id) ?? "";
      if (seq >= (image.mark(tank_id)?.seq ?? 0)) {
        image.set({ tank_id, tank_key, seq, tick, checksum });
      }
    }
  }
}

/** The watermarks in an image, by tank id. */
export function listWatermarks(image: SlotImage): readonly Watermark[] {
  return image
    .marks()
    .map(watermarkOf)
    .sort((a, b) => (a.tank_id < b.tank_id ? -1 : 1));
}

export function watermarkOf({ tank_key: _, ...mark }: SlotMark): Watermark {
  return mark;
}
