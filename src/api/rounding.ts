/** Rounds to the visible resolution, to save bandwidth: `parts` per unit. */
export function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
