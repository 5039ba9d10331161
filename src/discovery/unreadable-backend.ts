import type { DiscoveryBackend } from "./backend.ts";

/** The place of a backend whose settings cannot be read: it fails by that, at every start. */
export class UnreadableBackend implements DiscoveryBackend {
  readonly name: string;
  readonly #reason: string;

  /** @param reason one line, with what to do */
  constructor(name: string, reason: string) {
    this.name = name;
    this.#reason = reason;
  }

  start(): Promise<never> {
    return Promise.reject(new Error(this.#reason));
  }

  update(): void {}

  refresh(): void {}

  async stop(): Promise<void> {}
}
