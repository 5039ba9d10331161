import { GRID_CELL } from "../src/sim/model.ts";
import { fillGrid, type Grid, makeGrid } from "../src/sim/state/grid.ts";
import {
  nextReal,
  nextUnit,
  nextWord,
  STREAM,
  STREAM_WORDS,
  seedStreams,
} from "../src/sim/state/rng.ts";

/**
 * Flocking by the specification of JuliaDynamics/ABMFrameworksComparison: birds on a torus, moved
 * one after the other in an order drawn anew for each step, each seeing at once where those before
 * it have gone; 64-bit positions, neighbours exactly within the radius. It runs on the engine's own
 * grid.
 */
const SPEED = 1;
const COHERE = 0.03;
const SEPARATE = 0.015;
const SEPARATION = 1;
const MATCH = 0.05;
/** Cells in one radius of vision: more make fewer birds to look at in vain and more cells. */
const CELLS_PER_RADIUS = 2;

export interface FlockSpec {
  readonly birds: number;
  /** Edge of the square. */
  readonly size: number;
  readonly radius: number;
}

/** Lengths are the grid's: `unit` of them make one of the specification. */
export interface Flock {
  readonly spec: FlockSpec;
  readonly unit: number;
  /** Cells along an edge. */
  readonly cells: number;
  readonly grid: Grid;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly vx: Float64Array;
  readonly vy: Float64Array;
  /** Velocities in the order of the grid, for the time of one step. */
  readonly gridVx: Float64Array;
  readonly gridVy: Float64Array;
  /** In which order birds of the grid move. */
  readonly order: Uint32Array;
  readonly streams: Uint32Array;
  readonly sums: Float64Array;
}

export function makeFlock(spec: FlockSpec, seed: number): Flock {
  const { birds, size, radius } = spec;
  const cells = Math.floor((CELLS_PER_RADIUS * size) / radius);
  const edge = cells * GRID_CELL;
  if (2 * (radius + SPEED) >= size) throw new RangeError("the square is too small for this radius");
  const column = () => new Float64Array(birds);
  const flock: Flock = {
    spec,
    unit: edge / size,
    cells,
    // Just below the edge, which would be the beginning of one cell more.
    grid: makeGrid(edge - 1, edge - 1, birds),
    x: column(),
    y: column(),
    vx: column(),
    vy: column(),
    gridVx: column(),
    gridVy: column(),
    order: Uint32Array.from({ length: birds }, (_, index) => index),
    streams: new Uint32Array(STREAM_WORDS),
    sums: new Float64Array(7),
  };
  seedStreams(flock.streams, seed);
  for (let bird = 0; bird < birds; bird++) {
    flock.x[bird] = edge * nextUnit(flock.streams, STREAM.founding);
    flock.y[bird] = edge * nextUnit(flock.streams, STREAM.founding);
    flock.vx[bird] = nextReal(flock.streams, STREAM.founding, -1, 1);
    flock.vy[bird] = nextReal(flock.streams, STREAM.founding, -1, 1);
  }
  return flock;
}

export function stepFlock(flock: Flock): void {
  const { spec, unit, cells, grid, x, y, vx, vy, gridVx, gridVy, order, sums } = flock;
  fillGrid(grid, spec.birds, x, y);
  gather(spec.birds, grid.slots, vx, gridVx);
  gather(spec.birds, grid.slots, vy, gridVy);
  shuffle(order, flock.streams);
  flyAll(order, cells, spec.radius, unit, grid.starts, grid.xs, grid.ys, gridVx, gridVy, sums);
  const edge = cells * GRID_CELL;
  scatter(spec.birds, grid.slots, grid.xs, x, edge);
  scatter(spec.birds, grid.slots, grid.ys, y, edge);
  scatter(spec.birds, grid.slots, gridVx, vx, 0);
  scatter(spec.birds, grid.slots, gridVy, vy, 0);
}

/** How much they fly in one direction: 1 all alike, near 0 at random. */
export function polarisation({ vx, vy, spec }: Flock): number {
  let [x, y] = [0, 0];
  for (let bird = 0; bird < spec.birds; bird++) {
    x += vx[bird] as number;
    y += vy[bird] as number;
  }
  return Math.sqrt(x * x + y * y) / spec.birds;
}

/** Fisher–Yates; the draw by multiplication (Lemire 2019), the deviation below 1e-7. */
function shuffle(order: Uint32Array, streams: Uint32Array): void {
  for (let last = order.length - 1; last > 0; last--) {
    const draw = (nextWord(streams, STREAM.live) >>> 0) / 0x1_0000_0000;
    const other = Math.floor(draw * (last + 1));
    const kept = order[last] as number;
    order[last] = order[other] as number;
    order[other] = kept;
  }
}

function gather(count: number, slots: Uint32Array, from: Float64Array, to: Float64Array): void {
  for (let at = 0; at < count; at++) to[at] = from[slots[at] as number] as number;
}

/** Back to the birds' own order; positions beyond `edge` come in again on the other side. */
function scatter(
  count: number,
  slots: Uint32Array,
  from: Float64Array,
  to: Float64Array,
  edge: number,
): void {
  for (let at = 0; at < count; at++) {
    const value = from[at] as number;
    const over = edge > 0 && value >= edge ? edge : 0;
    const under = edge > 0 && value < 0 ? edge : 0;
    // A tiny negative number plus the edge is the edge, which is the same place as 0.
    to[slots[at] as number] = value - over + under === edge ? 0 : value - over + under;
  }
}

/**
 * Moves each bird. Within a step birds stay listed in the cells where it found them and may leave
 * the square: both by one step at most, by which neighbours are looked for further away.
 */
function flyAll(
  order: Uint32Array,
  cells: number,
  radius: number,
  unit: number,
  starts: Uint32Array,
  xs: Float64Array,
  ys: Float64Array,
  vxs: Float64Array,
  vys: Float64Array,
  sums: Float64Array,
): void {
  for (let turn = 0; turn < order.length; turn++) {
    const bird = order[turn] as number;
    sumAround(bird, cells, radius, unit, starts, xs, ys, vxs, vys, sums);
    const near = Math.max(1, sums[SUM.near] as number);
    const dx = steer(sums, SUM.x, SUM.pushX, SUM.vx, unit) / near + (vxs[bird] as number);
    const dy = steer(sums, SUM.y, SUM.pushY, SUM.vy, unit) / near + (vys[bird] as number);
    const length = Math.sqrt(dx * dx + dy * dy);
    vxs[bird] = dx / length;
    vys[bird] = dy / length;
    xs[bird] = (xs[bird] as number) + (SPEED * unit * dx) / length;
    ys[bird] = (ys[bird] as number) + (SPEED * unit * dy) / length;
  }
}

const SUM = { near: 0, x: 1, y: 2, vx: 3, vy: 4, pushX: 5, pushY: 6 } as const;

function steer(sums: Float64Array, to: number, away: number, along: number, unit: number): number {
  const cohere = (COHERE * (sums[to] as number)) / unit;
  const separate = (SEPARATE * (sums[away] as number)) / unit;
  return cohere - separate + MATCH * (sums[along] as number);
}

/**
 * Sums over all neighbours, cell row by cell row; what crosses the left or right edge is a second
 * run of birds, shifted by the size of the square.
 */
function sumAround(
  bird: number,
  cells: number,
  radius: number,
  unit: number,
  starts: Uint32Array,
  xs: Float64Array,
  ys: Float64Array,
  vxs: Float64Array,
  vys: Float64Array,
  sums: Float64Array,
): void {
  const px = xs[bird] as number;
  const py = ys[bird] as number;
  const within = (radius + SPEED) * unit;
  const reach = radius * radius * unit * unit;
  const apart = SEPARATION * SEPARATION * unit * unit;
  const first = Math.floor((px - within) / GRID_CELL);
  const last = Math.floor((px + within) / GRID_CELL);
  const bottom = Math.floor((py + within) / GRID_CELL);
  let near = 0;
  let x = 0;
  let y = 0;
  let vx = 0;
  let vy = 0;
  let pushX = 0;
  let pushY = 0;
  for (let row = Math.floor((py - within) / GRID_CELL); row <= bottom; row++) {
    const wrapped = row < 0 ? row + cells : row >= cells ? row - cells : row;
    const shiftY = (row - wrapped) * GRID_CELL - py;
    let column = first;
    while (column <= last) {
      const turns = column < 0 ? -cells : column >= cells ? cells : 0;
      const stop = Math.min(last + 1, turns + cells);
      const shiftX = turns * GRID_CELL - px;
      const base = wrapped * cells - turns;
      const end = starts[base + stop] as number;
      for (let at = starts[base + column] as number; at < end; at++) {
        const dx = (xs[at] as number) + shiftX;
        const dy = (ys[at] as number) + shiftY;
        const square = dx * dx + dy * dy;
        if (square > reach || at === bird) continue;
        near += 1;
        x += dx;
        y += dy;
        vx += vxs[at] as number;
        vy += vys[at] as number;
        if (square >= apart) continue;
        pushX += dx;
        pushY += dy;
      }
      column = stop;
    }
  }
  sums[SUM.near] = near;
  sums[SUM.x] = x;
  sums[SUM.y] = y;
  sums[SUM.vx] = vx;
  sums[SUM.vy] = vy;
  sums[SUM.pushX] = pushX;
  sums[SUM.pushY] = pushY;
}
