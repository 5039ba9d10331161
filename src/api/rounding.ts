/** No eye sees more digits, and each costs bandwidth. `parts` is how many make a whole. */
export function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
