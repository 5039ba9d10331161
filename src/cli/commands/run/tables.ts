import { type IslandReport, type PhylogenyRow, SAMPLE_COLUMNS } from "../../../sim/index.ts";

/** A table as CSV. Every line has a line end, including the header. */
export interface Table {
  readonly name: string;
  readonly header: string;
  linesOf(report: IslandReport): readonly string[];
}

const SERIES: Table = {
  name: "series.csv",
  header: lineOf(["tick", "tank", ...SAMPLE_COLUMNS.map(({ name }) => name)]),
  linesOf: ({ island, tick, sample }) => {
    if (sample === undefined) return [];
    const cells = sample.map((value, at) => (SAMPLE_COLUMNS[at]?.isReal ? real(value) : value));
    return [lineOf([tick, island, ...cells])];
  },
};

/**
 * The first four columns as the ALife data standard names them
 * (https://alife-data-standards.github.io/alife-data-standards/phylogeny), the rest extra. The
 * living have destruction time `inf`, which readers parse as a number; "none" would be a text, and
 * a death for phylotrackpy.
 */
const COLUMNS: readonly (readonly [string, (row: PhylogenyRow) => string | number])[] = [
  ["id", (row) => row.id],
  [
    "ancestor_list",
    ({ ancestors }) => `"[${ancestors.length > 0 ? ancestors.join(",") : "none"}]"`,
  ],
  ["origin_time", (row) => row.originTick],
  ["destruction_time", ({ destructionTick: tick }) => (tick === undefined ? "inf" : real(tick))],
  ["birth_tank", (row) => row.birthTank],
  ["tank", (row) => row.tank],
  ["born", (row) => row.origin],
  ["generation", (row) => row.generation],
  ["hops", (row) => row.hops],
  ["offspring", (row) => row.offspring],
];

const PHYLOGENY: Table = {
  name: "phylogeny.csv",
  header: lineOf(COLUMNS.map(([name]) => name)),
  linesOf: ({ lives }) => lives.map((row) => lineOf(COLUMNS.map(([, of]) => of(row)))),
};

/** With first parents only, since phylotrackpy and the converters to trees refuse two. */
const PHYLOGENY_ASEXUAL: Table = {
  name: "phylogeny-asexual.csv",
  header: PHYLOGENY.header,
  linesOf: ({ lives, ...report }) =>
    PHYLOGENY.linesOf({
      ...report,
      lives: lives.map((row) => ({ ...row, ancestors: row.ancestors.slice(0, 1) })),
    }),
};

/** The tables, by their names in `run.json`. */
export const TABLES = {
  series: SERIES,
  phylogeny: PHYLOGENY,
  phylogeny_asexual: PHYLOGENY_ASEXUAL,
};

function lineOf(cells: readonly (string | number)[]): string {
  return `${cells.join(",")}\n`;
}

/**
 * Formats a real number with a fraction, 84.0 and not 84: polars infers the type of a column from
 * its first hundred lines, and fails on the first fraction or `inf` among whole numbers.
 */
function real(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
