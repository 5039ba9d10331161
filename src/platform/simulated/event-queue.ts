/** Something that happens at an instant of simulated time. */
export interface SimulatedEvent {
  readonly atMs: number;
  /** Order of scheduling: decides between events of one instant. */
  readonly order: number;
  /** What the trace says of it. */
  readonly label: string;
  readonly run: () => void;
  cancelled: boolean;
}

/** A binary heap of events by (time, order of scheduling). */
export class EventQueue {
  readonly #heap: SimulatedEvent[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(event: SimulatedEvent): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || !isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  /** The next event that was not cancelled, left in its place. */
  peek(): SimulatedEvent | undefined {
    while (this.#heap[0]?.cancelled) this.#removeFirst();
    return this.#heap[0];
  }

  pop(): SimulatedEvent | undefined {
    const next = this.peek();
    if (next) this.#removeFirst();
    return next;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const child = this.#smallerChild(index);
      const below = heap[child];
      if (!below || !isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }

  #smallerChild(index: number): number {
    const left = 2 * index + 1;
    const leftEvent = this.#heap[left];
    const rightEvent = this.#heap[left + 1];
    return leftEvent && rightEvent && isBefore(rightEvent, leftEvent) ? left + 1 : left;
  }
}

function isBefore(a: SimulatedEvent, b: SimulatedEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
