import { GRID_CELL } from "../model.ts";

/**
 * A uniform grid over the tank, filled by counting sort: `slots` holds the rows of one table in
 * cell order, `starts[c]` … `starts[c + 1]` those of cell c. Cells of one grid row are neighbours
 * in memory, so a search reads one run per grid row. One more cell at the end holds what nobody can
 * find. Scratch: rebuilt each tick, never part of the state.
 */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly starts: Uint32Array;
  readonly slots: Uint32Array;
  /** Positions in cell order, so that a search reads memory in sequence. */
  readonly xs: Float64Array;
  readonly ys: Float64Array;
  readonly cells: Uint32Array;
}

export function makeGrid(width: number, height: number, capacity: number): Grid {
  const columns = Math.floor(width / GRID_CELL) + 1;
  const rows = Math.floor(height / GRID_CELL) + 1;
  return {
    columns,
    rows,
    starts: new Uint32Array(columns * rows + 2),
    slots: new Uint32Array(capacity),
    xs: new Float64Array(capacity),
    ys: new Float64Array(capacity),
    cells: new Uint32Array(capacity),
  };
}

const CELLS_PER_PIXEL = 1 / GRID_CELL;

/** The grid column or row of a coordinate; what lies outside the tank counts to its edge. */
export function cellAt(position: number, cells: number): number {
  // Not a division: this is asked several times for each fish and tick.
  const cell = (position * CELLS_PER_PIXEL) | 0;
  if (cell <= 0) return 0;
  return cell < cells ? cell : cells - 1;
}

/** Sorts rows 0 … count − 1 by cell; within a cell they stay in order. */
export function fillGrid(grid: Grid, count: number, x: Float64Array, y: Float64Array): void {
  grid.starts.fill(0);
  countCells(grid.starts, grid.cells, grid.columns, grid.rows, count, x, y);
  sumCells(grid.starts);
  placeRows(grid.starts, grid.cells, grid.slots, grid.xs, grid.ys, count, x, y);
}

/** As {@link fillGrid}, but nobody finds the rows whose `weight` is 0. */
export function fillGridWith(
  grid: Grid,
  count: number,
  x: Float64Array,
  y: Float64Array,
  weight: Float64Array,
): void {
  grid.starts.fill(0);
  countCells(grid.starts, grid.cells, grid.columns, grid.rows, count, x, y);
  hideCells(grid.starts, grid.cells, grid.columns * grid.rows, count, weight);
  sumCells(grid.starts);
  placeRows(grid.starts, grid.cells, grid.slots, grid.xs, grid.ys, count, x, y);
}

function countCells(
  starts: Uint32Array,
  cells: Uint32Array,
  columns: number,
  rows: number,
  count: number,
  x: Float64Array,
  y: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const column = cellAt(x[i], columns);
    const cell = cellAt(y[i], rows) * columns + column;
    cells[i] = cell;
    starts[cell] = starts[cell] + 1;
  }
}

function hideCells(
  starts: Uint32Array,
  cells: Uint32Array,
  hidden: number,
  count: number,
  weight: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    if (weight[i] !== 0) continue;
    const cell = cells[i];
    starts[cell] = starts[cell] - 1;
    starts[hidden] = starts[hidden] + 1;
    cells[i] = hidden;
  }
}

/** Entries that can be found. */
export function shownIn(grid: Grid): number {
  return grid.starts[grid.columns * grid.rows];
}

/** Turns counts into the ends of the cells' runs. */
function sumCells(starts: Uint32Array): void {
  let sum = 0;
  for (let cell = 0; cell < starts.length; cell++) {
    sum += starts[cell];
    starts[cell] = sum;
  }
}

/** Fills each run from its end, which turns the ends into starts. */
function placeRows(
  starts: Uint32Array,
  cells: Uint32Array,
  slots: Uint32Array,
  xs: Float64Array,
  ys: Float64Array,
  count: number,
  x: Float64Array,
  y: Float64Array,
): void {
  for (let i = count - 1; i >= 0; i--) {
    const cell = cells[i];
    const at = starts[cell] - 1;
    starts[cell] = at;
    slots[at] = i;
    xs[at] = x[i];
    ys[at] = y[i];
  }
}

/** The place in the grid of the entry nearest to a point and closer than `radius`, or −1. */
export function nearestWithin(grid: Grid, px: number, py: number, radius: number): number {
  const { columns, starts, xs, ys } = grid;
  const first = cellAt(px - radius, columns);
  const last = cellAt(px + radius, columns);
  const bottom = cellAt(py + radius, grid.rows);
  let nearest = -1;
  let best = radius * radius;
  for (let row = cellAt(py - radius, grid.rows); row <= bottom; row++) {
    const end = starts[row * columns + last + 1];
    for (let at = starts[row * columns + first]; at < end; at++) {
      const dx = xs[at] - px;
      const dy = ys[at] - py;
      const square = dx * dx + dy * dy;
      if (square >= best) continue;
      best = square;
      nearest = at;
    }
  }
  return nearest;
}
