import { messageOf } from "../../platform/errors.ts";
import type { ClusterDeps } from "../deps.ts";
import type { Registry } from "./registry.ts";
import { type Entry, entryFromText, entryToText } from "./registry-entry.ts";

/** Keeps the registry in the store, so that a restarted node knows its neighbours. Never fatal. */
export class RegistryKeeper {
  readonly #deps: ClusterDeps;
  readonly #kept = new Map<string, string>();
  #broken = false;

  constructor(deps: ClusterDeps) {
    this.#deps = deps;
  }

  /** Puts what was stored into the registry: offline until it shows itself. */
  async load(registry: Registry): Promise<void> {
    const { registryStore, clock, identity } = this.#deps;
    try {
      for (const { node_id, record } of await registryStore.load()) {
        const entry = entryFromText(record, clock.monotonicMs());
        if (!entry || node_id === identity.nodeId) continue;
        this.#kept.set(node_id, record);
        registry.restore(entry);
      }
    } catch (error) {
      this.#report(error);
    }
  }

  /** Writes what of a change outlives this process. */
  keep(key: string, entry: Entry | undefined): void {
    if (key === this.#deps.identity.nodeId) return;
    const text = entry && entryToText(entry);
    if (text === this.#kept.get(key)) return;
    if (text === undefined) this.#kept.delete(key);
    else this.#kept.set(key, text);
    void this.#write(key, text);
  }

  async #write(key: string, text: string | undefined): Promise<void> {
    const { registryStore } = this.#deps;
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
    this.#deps.log.warn("the registry cannot be kept", { reason: messageOf(error) });
  }
}
