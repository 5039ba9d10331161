import {
  MEMORY_CELLS,
  MEMORY_DECAY_PER_TICK,
  MEMORY_FIRST,
  MEMORY_MERGE,
  MEMORY_PLACES,
  MEMORY_RENEWAL,
  MEMORY_TICKS,
} from "../model.ts";

/**
 * Places that a fish remembers (TW core/agent_memory.py): up to four of each kind, each with a
 * strength that fades and an age at which it was last renewed. What is near a known place renews
 * it; a new one takes the place of the faintest. Nothing has to be done while nothing happens.
 */
export const MEMORY = { food: 0, danger: 1, mate: 2, table: 3, feeder: 4 } as const;
export type MemoryKind = (typeof MEMORY)[keyof typeof MEMORY];

/** The memory columns of all bodies. */
export interface Memories {
  readonly memoryX: Float32Array;
  readonly memoryY: Float32Array;
  readonly memoryStrength: Float32Array;
  readonly memoryAge: Uint32Array;
}

/** What is left of a place at an age; 0 when it is forgotten. */
export function strengthAt(strength: number, notedAt: number, age: number): number {
  if (notedAt === 0) return 0;
  const passed = age + 1 - notedAt;
  if (passed > MEMORY_TICKS) return 0;
  return Math.max(0, strength - MEMORY_DECAY_PER_TICK * passed);
}

/** The fish with this body notes a place at its age. */
export function remember(
  memories: Memories,
  body: number,
  kind: MemoryKind,
  x: number,
  y: number,
  age: number,
): void {
  const { memoryX, memoryY, memoryStrength, memoryAge } = memories;
  const first = body * MEMORY_CELLS + kind * MEMORY_PLACES;
  let cell = first;
  let faintest = Number.POSITIVE_INFINITY;
  for (let at = first; at < first + MEMORY_PLACES; at++) {
    const left = strengthAt(memoryStrength[at], memoryAge[at], age);
    const dx = memoryX[at] - x;
    const dy = memoryY[at] - y;
    if (left > 0 && dx * dx + dy * dy < MEMORY_MERGE * MEMORY_MERGE) {
      memoryX[at] = x + 0.5 * dx;
      memoryY[at] = y + 0.5 * dy;
      memoryStrength[at] = Math.min(1, left + MEMORY_RENEWAL);
      memoryAge[at] = age + 1;
      return;
    }
    if (left >= faintest) continue;
    faintest = left;
    cell = at;
  }
  memoryX[cell] = x;
  memoryY[cell] = y;
  memoryStrength[cell] = MEMORY_FIRST;
  memoryAge[cell] = age + 1;
}

/** Cell of the place of this kind that is worth most for its distance, or −1. */
export function bestPlace(
  memories: Memories,
  body: number,
  kind: MemoryKind,
  x: number,
  y: number,
  age: number,
  discount: number,
): number {
  const { memoryX, memoryY, memoryStrength, memoryAge } = memories;
  const first = body * MEMORY_CELLS + kind * MEMORY_PLACES;
  let best = -1;
  let most = 0;
  for (let at = first; at < first + MEMORY_PLACES; at++) {
    const notedAt = memoryAge[at];
    // Most places are empty: do not even fetch the rest.
    if (notedAt === 0) continue;
    const left = strengthAt(memoryStrength[at], notedAt, age);
    if (left <= most) continue;
    const dx = memoryX[at] - x;
    const dy = memoryY[at] - y;
    const worth = left / (1 + discount * Math.sqrt(dx * dx + dy * dy));
    if (worth <= most) continue;
    most = worth;
    best = at;
  }
  return best;
}

/** Whether a place of this kind is remembered within `radius`. */
export function isNear(
  memories: Memories,
  body: number,
  kind: MemoryKind,
  x: number,
  y: number,
  age: number,
  radius: number,
): boolean {
  const cell = bestPlace(memories, body, kind, x, y, age, 1);
  if (cell < 0) return false;
  const dx = memories.memoryX[cell] - x;
  const dy = memories.memoryY[cell] - y;
  return dx * dx + dy * dy < radius * radius;
}

/** Forgets a place that held nothing. */
export function forget(memories: Memories, cell: number): void {
  memories.memoryX[cell] = 0;
  memories.memoryY[cell] = 0;
  memories.memoryStrength[cell] = 0;
  memories.memoryAge[cell] = 0;
}
