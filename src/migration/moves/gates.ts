import { Problem } from "../../platform/errors.ts";

/** Lets decisions about the tanks of this node pass, unless a tank is moving. */
export class TankGates {
  readonly #closed = new Map<string, string>();
  readonly #inside = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  /** Runs `work`, which may decide something. @throws Problem `tank_moving`, which does not */
  async pass<T>(tankId: string, work: () => Promise<T>): Promise<T> {
    const reason = this.#closed.get(tankId);
    if (reason !== undefined) throw new Problem("tank_moving", reason);
    this.#inside.set(tankId, (this.#inside.get(tankId) ?? 0) + 1);
    try {
      return await work();
    } finally {
      this.#leave(tankId);
    }
  }

  /** Resolves when nothing is being decided any more. */
  async close(tankId: string, reason: string): Promise<void> {
    this.#closed.set(tankId, reason);
    if (!this.#inside.has(tankId)) return;
    await new Promise<void>((resolve) => {
      this.#waiting.set(tankId, [...(this.#waiting.get(tankId) ?? []), resolve]);
    });
  }

  open(tankId: string): void {
    this.#closed.delete(tankId);
  }

  #leave(tankId: string): void {
    const left = (this.#inside.get(tankId) ?? 1) - 1;
    if (left > 0) {
      this.#inside.set(tankId, left);
      return;
    }
    this.#inside.delete(tankId);
    for (const resolve of this.#waiting.get(tankId) ?? []) resolve();
    this.#waiting.delete(tankId);
  }
}
