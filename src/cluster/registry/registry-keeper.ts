import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import type { RegistryStore } from "../../store/journal.ts";
import type { Registry } from "./registry.ts";
import { type Entry, entryFromText, entryToStored, entryToText } from "./registry-entry.ts";

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
  /** What is stored: everything but the time, and that. */
  readonly #kept = new Map<string, { readonly text: string; readonly lastSeen: string }>();
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
          this.#kept.set(node_id, keptOf(entry));
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
    const next = entry && keptOf(entry);
    if (next?.text === this.#kept.get(key)?.text) return;
    if (next === undefined) this.#kept.delete(key);
    else this.#kept.set(key, next);
    void this.#write(key, entry);
  }

  /**
   * Writes when each server was seen last, which by itself is not worth a write while the node
   * runs. Never rejects.
   */
  async keepTimes(entries: readonly Entry[]): Promise<void> {
    const changed = entries.filter(({ key, record }) => {
      const lastSeen = this.#kept.get(key)?.lastSeen;
      return lastSeen !== undefined && lastSeen !== record.last_seen;
    });
    await Promise.all(changed.map((entry) => this.#write(entry.key, entry)));
  }

  async #write(key: string, entry: Entry | undefined): Promise<void> {
    const { registryStore } = this.#with;
    try {
      if (entry === undefined) await registryStore.remove(key);
      else await registryStore.put(key, entryToStored(entry));
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

function keptOf(entry: Entry) {
  return { text: entryToText(entry), lastSeen: entry.record.last_seen };
}
