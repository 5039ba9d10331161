import type { Announcement, DiscoveryBackend, Nomination } from "../../discovery/backend.ts";
import type { DnsName } from "./name.ts";
import { NameWatch, type WatchDeps } from "./name-watch.ts";

export interface DnsDeps extends WatchDeps {
  readonly names: readonly DnsName[];
}

/**
 * Discovery by names in DNS: SRV records (RFC 2782), or addresses if there are none. It announces
 * nothing. Answers may be forged, so their addresses are checked like those from a stranger.
 */
export class DnsBackend implements DiscoveryBackend {
  readonly name = "dns";
  readonly #deps: DnsDeps;
  #watches: readonly NameWatch[] = [];

  constructor(deps: DnsDeps) {
    this.#deps = deps;
  }

  async start(_: Announcement, nominate: (nomination: Nomination) => void): Promise<void> {
    this.#watches = this.#deps.names.map(
      (name) =>
        new NameWatch(name, this.#deps, (addresses) => nominate({ backend: this.name, addresses })),
    );
    for (const watch of this.#watches) watch.start();
  }

  update(): void {}

  refresh(): void {
    for (const watch of this.#watches) watch.refresh();
  }

  describe(): string {
    return this.#watches.map((watch) => watch.describe()).join("; ");
  }

  isWorking(): boolean {
    return this.#watches.some(({ isWorking }) => isWorking);
  }

  async stop(): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    this.#watches = [];
  }
}
