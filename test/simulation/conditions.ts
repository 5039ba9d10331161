/** Something that holds for a while: a fault, or a phase of a transfer. */
interface Condition {
  readonly kind: string;
  /** The nodes that it concerns; undefined for all. */
  readonly nodes: ReadonlySet<string> | undefined;
  readonly isFault: boolean;
  /** False once it has ended without anybody's doing. */
  readonly holds: () => boolean;
}

/** Two kinds of conditions, in the order of the alphabet. */
export type Pair = `${string} × ${string}`;

export function pairOf(one: string, other: string): Pair {
  return one < other ? `${one} × ${other}` : `${other} × ${one}`;
}

/**
 * Counts which conditions meet, so that generators can be shown to produce their combinations.
 * Faults meet when they hold at the same time in one cluster; a fault and a phase of a transfer
 * meet when the fault concerns an end of that transfer. Three meet where two faults and a phase do.
 */
export class Conditions {
  /** How often each kind of fault has begun. */
  readonly begun = new Map<string, number>();
  readonly pairs = new Map<Pair, number>();
  readonly triples = new Set<string>();
  /** Told of each phase that begins, and of the nodes that it concerns. */
  onPhase: (kind: string, nodes: readonly string[]) => void = () => {};
  readonly #present = new Set<Condition>();

  /** A fault begins; the returned function ends it. */
  fault(kind: string, nodes?: readonly string[]): () => void {
    this.begun.set(kind, (this.begun.get(kind) ?? 0) + 1);
    return this.#begin({ kind, nodes: nodes && new Set(nodes), isFault: true, holds: () => true });
  }

  /** A transfer between `nodes` enters a phase; the returned function ends it. */
  phase(kind: string, nodes: readonly string[], holds: () => boolean = () => true): () => void {
    this.onPhase(kind, nodes);
    return this.#begin({ kind, nodes: new Set(nodes), isFault: false, holds });
  }

  #begin(condition: Condition): () => void {
    this.#meet(condition);
    this.#present.add(condition);
    return () => this.#present.delete(condition);
  }

  #meet(condition: Condition): void {
    for (const one of this.#present) if (!one.holds()) this.#present.delete(one);
    const faults = this.#kinds((one) => one.isFault && this.#touch(one, condition));
    const phases = condition.isFault
      ? this.#kinds((one) => !one.isFault && this.#touch(one, condition))
      : new Set([condition.kind]);
    const others = condition.isFault ? [...faults, ...phases] : [...faults];
    for (const other of others) {
      const pair = pairOf(condition.kind, other);
      this.pairs.set(pair, (this.pairs.get(pair) ?? 0) + 1);
    }
    const present = condition.isFault ? [condition.kind, ...faults] : [...faults];
    for (const phase of phases) this.#meetThree(present, phase);
  }

  #meetThree(faults: readonly string[], phase: string): void {
    for (const [at, one] of faults.entries()) {
      for (const other of faults.slice(at + 1))
        this.triples.add(`${pairOf(one, other)} × ${phase}`);
    }
  }

  #kinds(which: (one: Condition) => boolean): Set<string> {
    return new Set([...this.#present].filter(which).map(({ kind }) => kind));
  }

  #touch(one: Condition, other: Condition): boolean {
    if (one.isFault && other.isFault) return true;
    const { nodes } = one;
    return !nodes || !other.nodes || [...nodes].some((node) => other.nodes?.has(node));
  }
}
