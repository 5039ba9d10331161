import type { Address, Announcement, DiscoveryBackend, Nomination } from "./backend.ts";

export const REMEMBERED = "remembered";

/** A node that was met before, and the address where its key answered. */
export interface RememberedNode {
  readonly nodeId: string;
  readonly addresses: readonly Address[];
}

/**
 * Nodes of earlier runs, at the addresses where they were met: nominated first, and for as long as
 * this node looks for a hub. Nodes are identified by id, so an address that now belongs to another
 * node does no harm.
 */
export class RememberedBackend implements DiscoveryBackend {
  readonly name = REMEMBERED;
  readonly #nodes: readonly RememberedNode[];
  #role: Announcement["role"] = "discovering";
  #nominate: (nomination: Nomination) => void = () => {};

  constructor(nodes: readonly RememberedNode[]) {
    this.#nodes = nodes;
  }

  async start({ role }: Announcement, nominate: (nomination: Nomination) => void): Promise<void> {
    this.#role = role;
    this.#nominate = nominate;
    this.refresh();
  }

  update({ role }: Announcement): void {
    this.#role = role;
  }

  refresh(): void {
    if (this.#role !== "discovering") return;
    for (const { nodeId, addresses } of this.#nodes) {
      this.#nominate({ backend: this.name, nodeId, addresses });
    }
  }

  async stop(): Promise<void> {
    this.#nominate = () => {};
  }
}
