/**
 * Whether fish evolve: `bun bench/evolution.ts [--ticks N] [--seeds N] [--founders N] [--write]`.
 * Each tank runs beside its neutral shadow (see shadow.ts); what selection does to a trait is how
 * far the tank's mean moves apart from the shadow's, in every tank in the same direction. `--write`
 * puts the plot into docs/images/evolution.svg and the table into docs/benchmarks.md.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTank, step } from "../src/sim/index.ts";
import { genomeOf } from "../src/sim/state/population.ts";
import { keepReport, option, print } from "./measure.ts";
import { drawPanels, type Panel } from "./plot.ts";
import { castShadow, followTick, twinGenomes } from "./shadow.ts";
import { TRAITS, traitsOf } from "./traits.ts";

const TICKS = Number(option("ticks", "200000"));
const SEEDS = Number(option("seeds", "10"));
const FOUNDERS = Number(option("founders", "400"));
const WRITES = process.argv.includes("--write");
const SAMPLES = 200;
/** Samples that make one point of a single seed's thin line. */
const POINT_SAMPLES = 5;
/** Share of the run over which the end is averaged, so that it is no moment's chance. */
const END_SHARE = 0.25;
const ROWS = 30;
const PANELS = 6;
const DOCS = join(import.meta.dir, "..", "docs");

/** Traits of the fish and of their twins at each sample. */
interface Course {
  readonly fish: readonly Float64Array[];
  readonly twins: readonly Float64Array[];
  readonly generations: number;
  readonly births: number;
}

interface Finding {
  readonly trait: number;
  /** Means over the seeds at the end. */
  readonly fish: number;
  readonly twins: number;
  /** Difference in standard deviations of the twins over the seeds. */
  readonly deviations: number;
  /** Student's t of the difference over the seeds. */
  readonly t: number;
  /** Seeds in which the difference has the sign of the mean. */
  readonly agree: number;
}

function runCourse(seed: number): Course {
  const tank = createTank({ seed, fish: FOUNDERS, tankKey: "00000000000000b1" });
  const shadow = castShadow(tank, seed);
  const fish: Float64Array[] = [];
  const twins: Float64Array[] = [];
  for (let tick = 0; tick <= TICKS; tick++) {
    if (tick % Math.max(1, Math.floor(TICKS / SAMPLES)) === 0 && tank.counters.fish > 0) {
      const rows = Array.from({ length: tank.counters.fish }, (_, row) => genomeOf(tank, row));
      fish.push(traitsOf(tank.bodies.genes, rows));
      twins.push(traitsOf(shadow.genes, twinGenomes(shadow)));
    }
    step(tank);
    followTick(tank, shadow);
  }
  const { fish: alive, born } = tank.counters;
  const generations = Math.max(0, ...tank.fish.generation.subarray(0, alive));
  return { fish, twins, generations, births: born };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) * (value - middle), 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}

function endOf(samples: readonly Float64Array[], trait: number): number {
  const last = samples.slice(Math.floor(samples.length * (1 - END_SHARE)));
  return mean(last.map((sample) => sample[trait] as number));
}

function findDifference(courses: readonly Course[], trait: number): Finding {
  const fish = courses.map((course) => endOf(course.fish, trait));
  const twins = courses.map((course) => endOf(course.twins, trait));
  const apart = fish.map((value, index) => value - (twins[index] as number));
  const difference = mean(apart);
  return {
    trait,
    fish: mean(fish),
    twins: mean(twins),
    deviations: difference / deviation(twins),
    t: difference / (deviation(apart) / Math.sqrt(apart.length)),
    agree: apart.filter((value) => value * difference > 0).length,
  };
}

function tableOf(findings: readonly Finding[]): string {
  const rows = findings.map(({ trait, fish, twins, deviations, t, agree }) => {
    const { name, min, max } = TRAITS[trait] as (typeof TRAITS)[number];
    const numbers = [fish, twins].map((value) => value.toFixed(3));
    const share = (((fish - twins) / (max - min)) * 100).toFixed(0);
    return (
      `| ${name} | ${numbers.join(" | ")} | ${share} % | ${deviations.toFixed(1)} | ` +
      `${t.toFixed(1)} | ${agree} of ${SEEDS} |`
    );
  });
  return [
    "| trait | fish | shadow | apart, of its range | in σ of the shadows | t | seeds agree |",
    "|---|---:|---:|---:|---:|---:|---:|",
    ...rows,
  ].join("\n");
}

/** Means of each few values. */
function blocks(values: readonly number[]): number[] {
  const count = Math.ceil(values.length / POINT_SAMPLES);
  return Array.from({ length: count }, (_, index) =>
    mean(values.slice(index * POINT_SAMPLES, (index + 1) * POINT_SAMPLES)),
  );
}

function panelOf(courses: readonly Course[], { trait, t }: Finding): Panel {
  const { name, min, max } = TRAITS[trait] as (typeof TRAITS)[number];
  const pick = (samples: readonly Float64Array[]) => samples.map((each) => each[trait] as number);
  const average = (of: (course: Course) => readonly Float64Array[]) =>
    (courses[0] ? pick(of(courses[0])) : []).map((_, at) =>
      mean(courses.map((course) => pick(of(course))[at] ?? Number.NaN)),
    );
  const thin = (samples: readonly Float64Array[], colour: string) => ({
    values: blocks(pick(samples)),
    colour,
    width: 0.5,
  });
  return {
    title: `${name} (t = ${t.toFixed(1)})`,
    min,
    max,
    lines: [
      ...courses.map(({ twins }) => thin(twins, "#d5b9a0")),
      ...courses.map(({ fish }) => thin(fish, "#9fc3e6")),
      { values: average(({ twins }) => twins), colour: "#b4551d", width: 2 },
      { values: average(({ fish }) => fish), colour: "#1768ac", width: 2 },
    ],
  };
}

function summaryOf(courses: readonly Course[], findings: readonly Finding[]): string {
  const births = mean(courses.map((course) => course.births)).toFixed(0);
  const generations = mean(courses.map((course) => course.generations)).toFixed(0);
  const unanimous = findings.filter(({ agree }) => agree === SEEDS).length;
  const chance = (findings.length * 2 * 0.5 ** SEEDS).toFixed(1);
  return (
    `${SEEDS} seeds × ${TICKS} ticks from ${FOUNDERS} founders: ` +
    `${births} births and ${generations} generations in the mean. ` +
    `Of ${findings.length} traits ${unanimous} moved the same way in all seeds, ` +
    `where chance alone gives ${chance}.`
  );
}

const courses = Array.from({ length: SEEDS }, (_, index) => runCourse(index + 1));
const findings = TRAITS.map((_, trait) => findDifference(courses, trait)).sort(
  (one, other) => Math.abs(other.t) - Math.abs(one.t),
);
const summary = summaryOf(courses, findings);
print(`${summary}\n\n${tableOf(findings)}`);
if (WRITES) {
  const panels = findings.slice(0, PANELS).map((finding) => panelOf(courses, finding));
  const colours = [
    ["neutral shadow", "#b4551d"],
    ["fish", "#1768ac"],
  ] as const;
  mkdirSync(join(DOCS, "images"), { recursive: true });
  const caption = "Means of the traits that moved furthest apart; thin lines are single seeds";
  writeFileSync(
    join(DOCS, "images", "evolution.svg"),
    drawPanels(caption, panels, `${TICKS} ticks`, colours),
  );
  const table = tableOf(findings.slice(0, ROWS));
  keepReport("evolution", `${summary}\n\n${table}`);
}
