import {
  BODY_HALF,
  LIVE_KIND,
  LIVE_TICKS,
  PELLET_FALL,
  SINK_ACCELERATION,
  SURFACE_CLEARANCE,
} from "../model.ts";

/** Room for a fish's centre: the margins of its body, and clear of the surface. */
export const LEFT = BODY_HALF;
export const TOP = BODY_HALF + SURFACE_CLEARANCE;

/** Moves fish by their velocity; walls turn velocity and heading back. */
export function moveFish(
  count: number,
  right: number,
  bottom: number,
  x: Float64Array,
  y: Float64Array,
  vx: Float64Array,
  vy: Float64Array,
  headingX: Float64Array,
  headingY: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    let px = x[i] + vx[i];
    let py = y[i] + vy[i];
    if (px < LEFT || px > right) {
      const inward = px < LEFT ? 1 : -1;
      px = px < LEFT ? LEFT : right;
      vx[i] = inward * Math.abs(vx[i]);
      headingX[i] = inward * Math.abs(headingX[i]);
    }
    if (py < TOP || py > bottom) {
      const inward = py < TOP ? 1 : -1;
      py = py < TOP ? TOP : bottom;
      vy[i] = inward * Math.abs(vy[i]);
      headingY[i] = inward * Math.abs(headingY[i]);
    }
    x[i] = px;
    y[i] = py;
  }
}

/**
 * Drops closed pellets, which open at their depth; sinks open food; swims live food within the
 * water that fish can reach. Marks what reached the floor or lived its time.
 */
export function moveFood(
  count: number,
  right: number,
  bottom: number,
  height: number,
  sink: Float64Array,
  x: Float64Array,
  y: Float64Array,
  vx: Float64Array,
  vy: Float64Array,
  energy: Float64Array,
  closed: Float64Array,
  opensAt: Float64Array,
  kind: Uint32Array,
  age: Uint32Array,
  marks: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    age[i] = age[i] + 1;
    if (kind[i] === LIVE_KIND) {
      vx[i] = swim(x, i, vx[i], LEFT, right);
      vy[i] = swim(y, i, vy[i], TOP, bottom);
      marks[i] = age[i] >= LIVE_TICKS ? 1 : 0;
      continue;
    }
    const shut = closed[i] > 0;
    const fall = shut ? PELLET_FALL : vy[i] + SINK_ACCELERATION * sinkOf(sink, kind, i);
    const py = y[i] + fall;
    const opens = shut && py >= opensAt[i];
    if (opens) {
      energy[i] = closed[i];
      closed[i] = 0;
    }
    vy[i] = opens ? 0 : fall;
    y[i] = Math.min(height, py);
    marks[i] = py >= height ? 1 : 0;
  }
}

function sinkOf(sink: Float64Array, kind: Uint32Array, item: number): number {
  return sink[kind[item]];
}

/** Moves one item along one axis; returns its velocity, turned back at the ends. */
function swim(at: Float64Array, item: number, speed: number, low: number, high: number): number {
  const next = at[item] + speed;
  at[item] = Math.min(high, Math.max(low, next));
  if (next < low) return Math.abs(speed);
  return next > high ? -Math.abs(speed) : speed;
}

/** The lowest and rightmost places of a fish's centre. */
export function marginsOf(width: number, height: number): { right: number; bottom: number } {
  return { right: width - BODY_HALF, bottom: height - BODY_HALF };
}
