import { formatHostPort } from "../../discovery/addresses.ts";
import type { DiscoveryManager } from "../../discovery/manager.ts";
import type { ClusterEvents } from "../events.ts";
import type { Registry } from "./registry.ts";
import type { Self } from "./self.ts";
import type { SelfDescription } from "./self-description.ts";

export interface SelfWatchDeps {
  readonly events: ClusterEvents;
  readonly self: Self;
  readonly description: SelfDescription;
  readonly registry: Registry;
  readonly discovery: DiscoveryManager;
}

/** Keeps this node's announcements consistent with its state. */
export class SelfWatch {
  readonly #with: SelfWatchDeps;
  #outline = "";
  #addresses = "";
  #announced = "";

  constructor(withDeps: SelfWatchDeps) {
    this.#with = withDeps;
    withDeps.events.on("role_changed", () => this.announce());
  }

  /** Adds this node to its own list. */
  list(): void {
    const { description, registry, self } = this.#with;
    this.#outline = description.outline();
    this.#addresses = self.addresses().map(formatHostPort).join(",");
    registry.put(description.entry());
  }

  /** Checks whether the announcements still hold; `due` when a heartbeat is. */
  refresh(due: boolean): void {
    const { description, events, self } = this.#with;
    const changed = description.outline() !== this.#outline;
    const addresses = self.addresses().map(formatHostPort).join(",");
    const addressesChanged = addresses !== this.#addresses && addresses !== "";
    if (changed || due) this.list();
    this.announce();
    if (changed) events.emit({ kind: "self_changed", addressesChanged });
  }

  /** Updates the announcement of discovery if it has changed. */
  announce(): void {
    const announcement = this.#with.description.announcement();
    const text = JSON.stringify(announcement);
    if (text === this.#announced) return;
    this.#announced = text;
    this.#with.discovery.update(announcement);
  }
}
