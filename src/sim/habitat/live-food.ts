import {
  LIVE_FEAR,
  LIVE_FLEE,
  LIVE_KIND,
  LIVE_NUDGE,
  LIVE_NUDGE_MIN_TICKS,
  LIVE_NUDGE_SPAN_TICKS,
  LIVE_SPEED_MAX,
} from "../model.ts";
import { cellAt, type Grid } from "../state/grid.ts";
import { nextInteger, nextReal, STREAM } from "../state/rng.ts";

/** Live food flees the two nearest fish that frighten it, and turns now and then. */
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
  nearest: Int32Array,
): void {
  for (let i = 0; i < count; i++) {
    if (kind[i] !== LIVE_KIND) continue;
    let dx = vx[i];
    let dy = vy[i];
    if (age[i] >= nudgeAt[i]) {
      dx += nextReal(streams, STREAM.live, -LIVE_NUDGE, LIVE_NUDGE);
      dy += nextReal(streams, STREAM.live, -LIVE_NUDGE, LIVE_NUDGE);
      nudgeAt[i] =
        age[i] + LIVE_NUDGE_MIN_TICKS + nextInteger(streams, STREAM.live, LIVE_NUDGE_SPAN_TICKS);
    }
    findNearestTwo(fishGrid, x[i], y[i], nearest);
    for (const fish of nearest) {
      if (fish < 0) break;
      const awayX = x[i] - fishGrid.xs[fish];
      const awayY = y[i] - fishGrid.ys[fish];
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

/** Writes the grid places of the two fish that frighten most, −1 for none. */
function findNearestTwo(grid: Grid, px: number, py: number, nearest: Int32Array): void {
  const { columns, starts, xs, ys } = grid;
  const first = cellAt(px - LIVE_FEAR, columns);
  const last = cellAt(px + LIVE_FEAR, columns);
  const bottom = cellAt(py + LIVE_FEAR, grid.rows);
  let best = LIVE_FEAR * LIVE_FEAR;
  let second = best;
  let [one, other] = [-1, -1];
  for (let row = cellAt(py - LIVE_FEAR, grid.rows); row <= bottom; row++) {
    const end = starts[row * columns + last + 1];
    for (let at = starts[row * columns + first]; at < end; at++) {
      const dx = xs[at] - px;
      const dy = ys[at] - py;
      const square = dx * dx + dy * dy;
      if (square < best) {
        second = best;
        other = one;
        best = square;
        one = at;
      } else if (square < second) {
        second = square;
        other = at;
      }
    }
  }
  nearest[0] = one;
  nearest[1] = other;
}
