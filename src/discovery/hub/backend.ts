import type { Address, Announcement, DiscoveryBackend, Nomination } from "../backend.ts";

/**
 * Hubs that were named by URL, in order: local, regional, global. It nominates each of them and
 * leaves it to the handshake to find out whether somebody answers.
 */
export class HubBackend implements DiscoveryBackend {
  readonly name = "hub";
  readonly #hubs: readonly Address[];
  #nominate: (nomination: Nomination) => void = () => {};

  constructor(hubs: readonly Address[]) {
    this.#hubs = hubs;
  }

  async start(_: Announcement, nominate: (nomination: Nomination) => void): Promise<void> {
    this.#nominate = nominate;
    this.refresh();
  }

  update(): void {}

  refresh(): void {
    for (const hub of this.#hubs) this.#nominate({ backend: this.name, addresses: [hub] });
  }

  async stop(): Promise<void> {
    this.#nominate = () => {};
  }
}
