/** The changes of a store that a loss of power takes back. */
export class Unsynced {
  /** Oldest first. */
  readonly #undo: (() => void)[] = [];

  add(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** All changes so far are durable. */
  sync(): void {
    this.#undo.length = 0;
  }

  losePower(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}
