import type { SimulatedHost } from "./host.ts";

/** How a firewall treats a connection that it forbids. */
export type Refusal = "silence" | "refusal";

type Hosts = readonly SimulatedHost[];

/** Ordered pairs of hosts, each with its barriers. */
class Pairs<Mark> {
  changes = 0;
  readonly #marks = new Map<SimulatedHost, Map<SimulatedHost, Mark[]>>();

  /** Adds one mark to each pair; the returned function removes it again, once. */
  add(from: Hosts, to: Hosts, mark: Mark): () => void {
    const lists = from.flatMap((one) => to.map((other) => this.#listOf(one, other)));
    for (const list of lists) list.push(mark);
    this.changes++;
    return () => {
      this.changes++;
      for (const list of lists.splice(0)) {
        const at = list.indexOf(mark);
        if (at >= 0) list.splice(at, 1);
      }
    };
  }

  get(from: SimulatedHost, to: SimulatedHost): Mark | undefined {
    return this.#marks.get(from)?.get(to)?.at(-1);
  }

  clear(): void {
    this.changes++;
    this.#marks.clear();
  }

  #listOf(from: SimulatedHost, to: SimulatedHost): Mark[] {
    const row = this.#marks.get(from) ?? new Map<SimulatedHost, Mark[]>();
    this.#marks.set(from, row);
    const list = row.get(to) ?? [];
    row.set(to, list);
    return list;
  }
}

/**
 * Barriers between connected hosts: partitions, which drop everything, and firewalls, which forbid
 * connections.
 */
export class Barriers {
  readonly #cuts = new Pairs<"cut">();
  readonly #walls = new Pairs<Refusal>();

  /** Counts changes. */
  get changes(): number {
    return this.#cuts.changes + this.#walls.changes;
  }

  /** Drops everything from the first hosts to the second, but not in the other direction. */
  cut(from: Hosts, to: Hosts): () => void {
    return this.#cuts.add(from, to, "cut");
  }

  healCuts(): void {
    this.#cuts.clear();
  }

  /** The first hosts cannot connect to the second; requests of the second, and answers, pass. */
  wall(from: Hosts, to: Hosts, refusal: Refusal): () => void {
    return this.#walls.add(from, to, refusal);
  }

  isCut(from: SimulatedHost, to: SimulatedHost): boolean {
    return this.#cuts.get(from, to) !== undefined;
  }

  wallBetween(from: SimulatedHost, to: SimulatedHost): Refusal | undefined {
    return this.#walls.get(from, to);
  }
}
