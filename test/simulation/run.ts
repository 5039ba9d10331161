/**
 * The seeded cluster simulator by hand; docs/testing.md describes its modes:
 *
 *     run.ts [--seed N] [--seeds COUNT] [--nodes N] [--restless-tanks N] [--sabotage NAME]
 *     run.ts --set-back | --rot [--seed N] [--seeds COUNT] [--sabotage NAME]
 *     run.ts --minutes SIMULATED [--seed N] [--nodes N] [--sabotage NAME]
 *     run.ts --fork-at STEP --seeds BRANCHES (and the options of the run that failed)
 *
 * Prints each seed before it runs; exits with 1 when something was found wrong.
 */
import { parseArgs } from "node:util";
import type { Fork } from "../../src/platform/simulated/world.ts";
import { branchesFrom, pointOfNoReturn, type Run } from "./branches.ts";
import { declaredPairs, unmet } from "./combinations.ts";
import { type LongReport, runLong } from "./long-run.ts";
import { runRot } from "./rot-run.ts";
import { SABOTAGE, type SabotageName } from "./sabotage.ts";
import { runScenario } from "./scenario.ts";
import { runSetBack } from "./set-back.ts";

/** Simulated minutes in which three nodes meet every declared combination. */
const COMBINED_AFTER_MINUTES = 180;
/** Seeds of runs that are not given one. */
const SEED_MAX = 2 ** 31;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "1" },
    nodes: { type: "string" },
    minutes: { type: "string" },
    "fork-at": { type: "string" },
    sabotage: { type: "string" },
    "restless-tanks": { type: "string" },
    "set-back": { type: "boolean", default: false },
    rot: { type: "boolean", default: false },
  },
});

const say = (line: string) => process.stdout.write(`${line}\n`);

function isSabotage(name: string): name is SabotageName {
  return name in SABOTAGE;
}

function sabotageNamed(name: string | undefined): { readonly sabotage?: SabotageName } {
  if (name === undefined) return {};
  if (isSabotage(name)) return { sabotage: name };
  throw new Error(`--sabotage is one of ${Object.keys(SABOTAGE).join(", ")}`);
}

const broken = sabotageNamed(values.sabotage);
const nodes = values.nodes === undefined ? {} : { nodes: Number(values.nodes) };

interface Found {
  readonly findings: Run["findings"];
  readonly lines: readonly string[];
}

async function storm(seed: number, fork?: Fork): Promise<Run & Found> {
  const restless = values["restless-tanks"];
  const restlessTanks = restless === undefined ? {} : { restlessTanks: Number(restless) };
  const report = await runScenario({ seed, ...broken, ...nodes, ...restlessTanks, fork });
  const { kills, moves, transfers, returned, settledAfterMs, steps } = report;
  const line =
    `${kills} kills, ${moves} moves, ${transfers} transfers (${returned} returned), ` +
    `at rest after ${settledAfterMs} ms, ${steps} steps`;
  return { ...report, lines: [line] };
}

async function long(seed: number, minutes: number, fork?: Fork, breakOffMs?: number) {
  const off = breakOffMs === undefined ? {} : { breakOffMs };
  const report = await runLong({ seed, minutes, ...broken, ...nodes, fork, ...off });
  const findings = [...report.findings, ...unmetIn(report, minutes)];
  return { ...report, findings, lines: linesOf(report) };
}

/** A generator that never produces a combination is at fault. */
function unmetIn({ findings, pairs }: LongReport, minutes: number): readonly string[] {
  const isWhole = findings.length === 0 && minutes >= COMBINED_AFTER_MINUTES;
  return isWhole ? unmet(pairs).map((pair) => `never met: ${pair}`) : [];
}

function linesOf(report: LongReport): readonly string[] {
  const { simulatedMs, steps, transfers, returned, faults, pairs, triples } = report;
  const missing = unmet(pairs);
  const declared = declaredPairs().length;
  const counts = [...faults].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `  ${(simulatedMs / 3_600_000).toFixed(2)} simulated hours, ${steps} steps, ` +
      `${transfers} transfers (${returned} returned)`,
    `  faults: ${counts.map(([kind, count]) => `${kind} ${count}`).join(", ")}`,
    `  combinations met: ${declared - missing.length} of ${declared} pairs, ${triples} threes`,
    ...missing.map((pair) => `  not met: ${pair}`),
  ];
}

async function setBack(seed: number): Promise<Found> {
  const { accident, knowable, fenced, findings } = await runSetBack({ seed, ...broken });
  const known = knowable ? "" : " that nobody can know of";
  const line = `${accident}${known}: ${fenced.join(", ") || "nobody"} is fenced`;
  return { findings, lines: [line] };
}

async function rot(seed: number): Promise<Found> {
  const { rot: kind, stopped, findings } = await runRot({ seed });
  const what = stopped.length === 0 ? "recovered" : `stopped: ${stopped.join("; ")}`;
  return { findings, lines: [`${kind}: ${what}`] };
}

/** Each seed in turn; the number of those that were found wrong. */
async function runAll(first: number, count: number): Promise<number> {
  let wrong = 0;
  for (let seed = first; seed < first + count; seed++) {
    process.stdout.write(`seed ${seed} `);
    const { findings, lines } = await runOne(seed);
    for (const line of lines) say(line);
    for (const finding of findings) say(`  ${finding}`);
    if (findings.length > 0) wrong++;
  }
  return wrong;
}

function runOne(seed: number): Promise<Found> {
  if (values["set-back"]) return setBack(seed);
  if (values.rot) return rot(seed);
  if (values.minutes === undefined) return storm(seed);
  say("");
  return long(seed, Number(values.minutes));
}

async function whole(seed: number, minutes: number | undefined, fork?: Fork, breakOffMs?: number) {
  if (minutes === undefined) return { ...(await storm(seed, fork)), simulatedMs: undefined };
  return long(seed, minutes, fork, breakOffMs);
}

/** Branches of a run that fails, and where it became bound to. */
async function branch(seed: number, atStep: number, seeds: number): Promise<void> {
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  say(`seed ${seed}`);
  const failing = await whole(seed, minutes);
  if (failing.findings.length === 0) throw new Error("this run does not fail");
  say(`  it fails within ${failing.steps} steps: ${failing.findings[0]}`);
  const run = (fork?: Fork) => whole(seed, minutes, fork, failing.simulatedMs);
  const trunk = { run, seeds };
  const branches = await branchesFrom(trunk, atStep);
  for (const [index, { findings }] of branches.entries()) {
    say(`  step ${atStep}, seed ${index + 1}: ${findings[0] ?? "fine"}`);
  }
  const failed = branches.filter(({ findings }) => findings.length > 0).length;
  say(`  ${failed} of ${seeds} branches from step ${atStep} fail`);
  const { step, events } = await pointOfNoReturn(trunk, failing);
  say(`  from step ${step} on every branch fails, and from the one before not; it came after`);
  for (const event of events.slice(-10)) say(`    ${event}`);
}

const drawn = values.minutes === undefined ? 1 : Math.floor(Math.random() * SEED_MAX);
const first = values.seed === undefined ? drawn : Number(values.seed);
const seeds = Number(values.seeds);
const forkAt = values["fork-at"];
if (forkAt !== undefined) {
  await branch(first, Number(forkAt), seeds);
  process.exit(1);
}
process.exit((await runAll(first, seeds)) === 0 ? 0 : 1);
