import type { DiscoveryBackend } from "./backend.ts";

/** Stands in for a backend whose settings cannot be read: every start fails with that reason. */
export class UnreadableBackend implements DiscoveryBackend {
  readonly name: string;
  readonly #reason: string;

  /** @param reason one line, with how to fix it */
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
