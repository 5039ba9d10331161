import type { Announcement, DiscoveryBackend, LinkReport, Nomination } from "./backend.ts";

/** A backend that nobody has named: used while what it needs is present on this machine. */
export class OptionalBackend implements DiscoveryBackend {
  readonly name: string;
  readonly isThere: () => Promise<boolean>;
  readonly #backend: DiscoveryBackend;

  constructor(backend: DiscoveryBackend, isThere: () => Promise<boolean>) {
    this.name = backend.name;
    this.isThere = isThere;
    this.#backend = backend;
  }

  start(announcement: Announcement, nominate: (nomination: Nomination) => void): Promise<void> {
    return this.#backend.start(announcement, nominate);
  }

  update(announcement: Announcement): void {
    this.#backend.update(announcement);
  }

  refresh(): void {
    this.#backend.refresh();
  }

  describe(): string {
    return this.#backend.describe?.() ?? "";
  }

  links(): readonly LinkReport[] {
    return this.#backend.links?.() ?? [];
  }

  isWorking(): boolean {
    return this.#backend.isWorking?.() ?? true;
  }

  stop(): Promise<void> {
    return this.#backend.stop();
  }
}
