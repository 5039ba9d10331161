import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import type { RegistryStore } from "../../store/journal.ts";
import type { Registry } from "./registry.ts";
import { type Entry, entryFromText, entryToText } from "./registry-entry.ts";

export interface RegistryKeeperDeps {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly registryStore: RegistryStore;
  /** The store does not work; logged once until it has worked again. */
  readonly onBroken: (reason: string) => void;
}

/** Stores the registry, so that a restarted node knows its neighbours. Never fatal. */
export class RegistryKeeper {
  readonly #with: RegistryKeeperDeps;
  readonly #kept = new Map<string, string>();
  #broken = false;

  constructor(withDeps: RegistryKeeperDeps) {
    this.#with = withDeps;
  }

  /**
   * Loads the stored entries into the registry, offline until the servers make contact; drops
   * unreadable ones.
   */
  async load(registry: Registry): Promise<void> {
    const { registryStore, clock, nodeId } = this.#with;
    try {
      for (const { node_id, record } of await registryStore.load()) {
        const entry = entryFromText(record, clock.monotonicMs());
        if (entry && node_id !== nodeId) {
          this.#kept.set(node_id, record);
          registry.restore(entry);
        } else {
          void this.#write(node_id, undefined);
        }
      }
    } catch (error) {
      this.#report(error);
    }
  }

  /** Writes the part of a change that outlives this process. */
  keep(key: string, entry: Entry | undefined): void {
    if (key === this.#with.nodeId) return;
    const text = entry && entryToText(entry);
    if (text === this.#kept.get(key)) return;
    if (text === undefined) this.#kept.delete(key);
    else this.#kept.set(key, text);
    void this.#write(key, text);
  }

  async #write(key: string, text: string | undefined): Promise<void> {
    const { registryStore } = this.#with;
    try {
      if (text === undefined) await registryStore.remove(key);
      else await registryStore.put(key, text);
      this.#broken = false;
    } catch (error) {
      this.#kept.delete(key);
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#with.onBroken(messageOf(error));
  }
}
