import { cellAt, type Grid } from "./grid.ts";
import {
  LIVE_FEAR,
  LIVE_FLEE,
  LIVE_KIND,
  LIVE_NUDGE,
  LIVE_NUDGE_MIN_TICKS,
  LIVE_NUDGE_SPAN_TICKS,
  LIVE_SPEED_MAX,
} from "./model.ts";
import { nextInteger, nextReal, STREAM } from "./rng.ts";

/** Live food flees the nearest fish that frightens it, and turns now and then. */
export function swimLiveFood(
  count: number,
  fishGrid: Grid,
  streams: Uint32Array,
  x: Float64Array,
  y: Float64Array,
  vx: Float64Array,
  vy: Float64Array,
  kind: Uint32Array,
  age: Uint32Array,
  nudgeAt: Uint32Array,
): void {
  for (let i = 0; i < count; i++) {
    if (kind[i] !== LIVE_KIND) continue;
    let dx = vx[i] as number;
    let dy = vy[i] as number;
    if ((age[i] as number) >= (nudgeAt[i] as number)) {
      dx += nextReal(streams, STREAM.live, -LIVE_NUDGE, LIVE_NUDGE);
      dy += nextReal(streams, STREAM.live, -LIVE_NUDGE, LIVE_NUDGE);
      nudgeAt[i] =
        (age[i] as number) +
        LIVE_NUDGE_MIN_TICKS +
        nextInteger(streams, STREAM.live, LIVE_NUDGE_SPAN_TICKS);
    }
    const near = nearestWithin(fishGrid, x[i] as number, y[i] as number, LIVE_FEAR);
    if (near >= 0) {
      const awayX = (x[i] as number) - (fishGrid.xs[near] as number);
      const awayY = (y[i] as number) - (fishGrid.ys[near] as number);
      const distance = Math.sqrt(awayX * awayX + awayY * awayY);
      const force = distance > 0 ? LIVE_FLEE / distance : 0;
      dx += awayX * force;
      dy += awayY * force;
    }
    const speed = Math.sqrt(dx * dx + dy * dy);
    const brake = speed > LIVE_SPEED_MAX ? LIVE_SPEED_MAX / speed : 1;
    vx[i] = dx * brake;
    vy[i] = dy * brake;
  }
}

/** The grid place of the nearest entry closer than `radius`, or −1. */
function nearestWithin(grid: Grid, px: number, py: number, radius: number): number {
  const { columns, starts, xs, ys } = grid;
  const first = cellAt(px - radius, columns);
  const last = cellAt(px + radius, columns);
  const bottom = cellAt(py + radius, grid.rows);
  let nearest = -1;
  let best = radius * radius;
  for (let row = cellAt(py - radius, grid.rows); row <= bottom; row++) {
    const end = starts[row * columns + last + 1] as number;
    for (let at = starts[row * columns + first] as number; at < end; at++) {
      const dx = (xs[at] as number) - px;
      const dy = (ys[at] as number) - py;
      const square = dx * dx + dy * dy;
      if (square < best) {
        best = square;
        nearest = at;
      }
    }
  }
  return nearest;
}
