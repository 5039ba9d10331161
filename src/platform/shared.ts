/**
 * Runs one task at a time for any number of callers. A caller gets the result of a run that begins
 * after its call, and shares that run with all who call before it begins.
 */
export class Shared<T> {
  readonly #task: () => Promise<T>;
  #running: Promise<unknown> | undefined;
  #next: Promise<T> | undefined;

  constructor(task: () => Promise<T>) {
    this.#task = task;
  }

  next(): Promise<T> {
    this.#next ??= this.#after(this.#running);
    return this.#next;
  }

  async #after(running: Promise<unknown> | undefined): Promise<T> {
    await running?.catch(() => {});
    const run = this.#task();
    this.#next = undefined;
    this.#running = run;
    return run;
  }
}
