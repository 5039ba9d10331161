import { messageOf, StorageDamaged } from "../platform/errors.ts";
import type { Cancel, Timers } from "../platform/timers.ts";
import type { Journal } from "../store/journal.ts";
import type { Log } from "../telemetry/log.ts";

/** A full disk is freed by people or by log rotation: two seconds are soon enough, and cheap. */
const PROBE_INTERVAL_MS = 2000;

/** Tracks whether the storage takes writes; after a failure, probes it until it does again. */
export class StorageWatch {
  readonly #journal: Journal;
  readonly #timers: Timers;
  readonly #log: Log;
  readonly #onHealed: () => void;
  #fault: string | undefined;
  #cancelProbe: Cancel | undefined;
  #stopped = false;
  #damaged = false;

  constructor(
    ports: { readonly journal: Journal; readonly timers: Timers; readonly log: Log },
    onHealed: () => void,
  ) {
    this.#journal = ports.journal;
    this.#timers = ports.timers;
    this.#log = ports.log;
    this.#onHealed = onHealed;
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  /** A commit has failed. */
  failed(error: unknown): void {
    if (this.#damaged) return;
    if (error instanceof StorageDamaged) {
      this.#giveUp(error);
      return;
    }
    if (this.#fault === undefined) {
      this.#log.error("storage takes no writes", { reason: messageOf(error) });
      this.#scheduleProbe();
    }
    this.#fault = messageOf(error);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelProbe?.();
  }

  /**
   * A successful probe proves nothing, since it writes to another page than the damaged one. So
   * damaged storage takes no writes until the next start of the node, which checks it.
   */
  #giveUp(damage: StorageDamaged): void {
    this.#damaged = true;
    this.#cancelProbe?.();
    this.#fault = damage.message;
    this.#log.error("storage is damaged", { reason: damage.message });
  }

  #scheduleProbe(): void {
    if (this.#stopped) return;
    this.#cancelProbe = this.#timers.after(PROBE_INTERVAL_MS, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    try {
      await this.#journal.commit([{ put: "meta", key: "storage_probe", value: "" }]);
    } catch (error) {
      if (error instanceof StorageDamaged) {
        this.#giveUp(error);
        return;
      }
      this.#fault = messageOf(error);
      this.#scheduleProbe();
      return;
    }
    if (this.#damaged) return;
    this.#fault = undefined;
    this.#log.info("storage takes writes again");
    this.#onHealed();
  }
}
