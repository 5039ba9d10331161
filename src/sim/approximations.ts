/**
 * Functions that the host's maths library would give differently on different machines, made of
 * operations that are the same everywhere: good enough for a world, documented with their error.
 */

/**
 * sin(2π·turn) for any turn: a parabola on each half, bent once towards the sine. Largest error
 * 0.0011; exact at the quarters, odd, never beyond ±1.
 */
export function sineOfTurn(turn: number): number {
  const phase = 2 * (turn - Math.floor(turn));
  const arch = phase < 1 ? 4 * phase * (1 - phase) : -4 * (phase - 1) * (2 - phase);
  return arch + 0.225 * (arch * Math.abs(arch) - arch);
}

/** cos(2π·turn): see {@link sineOfTurn}. */
export function cosineOfTurn(turn: number): number {
  return sineOfTurn(turn + 0.25);
}
