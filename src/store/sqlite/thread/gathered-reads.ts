import type { ReadArguments, ReadName } from "./messages.ts";

interface Call {
  readonly args: ReadArguments;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Reads of one kind that are made at the same moment, as for a batch of transfers, are one. */
export class GatheredReads {
  readonly #send: (name: ReadName, calls: readonly ReadArguments[]) => Promise<unknown>;
  readonly #gathered = new Map<ReadName, Call[]>();

  /** `send` resolves with a list of results, one for each of the calls. */
  constructor(send: (name: ReadName, calls: readonly ReadArguments[]) => Promise<unknown>) {
    this.#send = send;
  }

  ask(name: ReadName, args: ReadArguments): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = { args, resolve, reject };
      const others = this.#gathered.get(name);
      if (others) {
        others.push(call);
        return;
      }
      if (this.#gathered.size === 0) queueMicrotask(() => this.flush());
      this.#gathered.set(name, [call]);
    });
  }

  /** Sends what is gathered: whatever is sent next comes after it. */
  flush(): void {
    const gathered = [...this.#gathered];
    this.#gathered.clear();
    for (const [name, calls] of gathered) void this.#read(name, calls);
  }

  async #read(name: ReadName, calls: readonly Call[]): Promise<void> {
    try {
      const sent = this.#send(
        name,
        calls.map(({ args }) => args),
      );
      const results = (await sent) as readonly unknown[];
      for (const [index, { resolve }] of calls.entries()) resolve(results[index]);
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }
}
