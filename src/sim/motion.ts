import { BODY_HALF, SINK_ACCELERATION, SURFACE_CLEARANCE } from "./model.ts";

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
    let px = (x[i] as number) + (vx[i] as number);
    let py = (y[i] as number) + (vy[i] as number);
    if (px < LEFT || px > right) {
      const inward = px < LEFT ? 1 : -1;
      px = px < LEFT ? LEFT : right;
      vx[i] = inward * Math.abs(vx[i] as number);
      headingX[i] = inward * Math.abs(headingX[i] as number);
    }
    if (py < TOP || py > bottom) {
      const inward = py < TOP ? 1 : -1;
      py = py < TOP ? TOP : bottom;
      vy[i] = inward * Math.abs(vy[i] as number);
      headingY[i] = inward * Math.abs(headingY[i] as number);
    }
    x[i] = px;
    y[i] = py;
  }
}

/** Sinks dead food and swims live food; marks what reached the floor or lived its time. */
export function moveFood(
  count: number,
  width: number,
  height: number,
  liveKind: number,
  liveTicks: number,
  sink: Float64Array,
  x: Float64Array,
  y: Float64Array,
  vx: Float64Array,
  vy: Float64Array,
  kind: Uint32Array,
  age: Uint32Array,
  marks: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    const live = kind[i] === liveKind;
    const fall = (vy[i] as number) + SINK_ACCELERATION * (sink[kind[i] as number] as number);
    const px = (x[i] as number) + (vx[i] as number);
    const py = (y[i] as number) + fall;
    const grown = (age[i] as number) + 1;
    vy[i] = live && py > height ? -Math.abs(fall) : fall;
    x[i] = Math.min(width, Math.max(0, px));
    y[i] = Math.min(height, Math.max(0, py));
    age[i] = grown;
    marks[i] = live ? Number(grown >= liveTicks) : Number(py >= height);
  }
}

/** The lowest and rightmost places of a fish's centre. */
export function marginsOf(width: number, height: number): { right: number; bottom: number } {
  return { right: width - BODY_HALF, bottom: height - BODY_HALF };
}
