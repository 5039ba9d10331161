/**
 * The seeded cluster simulator by hand: bun test/simulation/run.ts [--seed N] [--seeds COUNT]
 * [--nodes N] [--sabotage NAME] [--restless-tanks N] [--set-back] --set-back: directories that are
 * copied or set back, in the place of storms alone. Prints each seed before it runs; exits 1 when
 * one was found wrong.
 */
import { parseArgs } from "node:util";
import { SABOTAGE, type SabotageName } from "./sabotage.ts";
import { runScenario } from "./scenario.ts";
import { runSetBack } from "./set-back.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    nodes: { type: "string" },
    sabotage: { type: "string" },
    "restless-tanks": { type: "string" },
    "set-back": { type: "boolean", default: false },
  },
});

function isSabotage(name: string): name is SabotageName {
  return name in SABOTAGE;
}

const { sabotage } = values;
if (sabotage !== undefined && !isSabotage(sabotage)) {
  throw new Error(`--sabotage is one of ${Object.keys(SABOTAGE).join(", ")}`);
}
type Options = { readonly seed: number; readonly sabotage?: SabotageName };

async function storm(options: Options) {
  const nodes = values.nodes === undefined ? {} : { nodes: Number(values.nodes) };
  const restless = values["restless-tanks"];
  const restlessTanks = restless === undefined ? {} : { restlessTanks: Number(restless) };
  const report = await runScenario({ ...options, ...nodes, ...restlessTanks });
  const { kills, moves, transfers, returned, settledAfterMs, findings } = report;
  const summary =
    `${kills} kills, ${moves} moves, ${transfers} transfers (${returned} returned), ` +
    `at rest after ${settledAfterMs} ms`;
  return { findings, summary };
}

async function setBack(options: Options) {
  const { accident, knowable, fenced, findings } = await runSetBack(options);
  const known = knowable ? "" : " that nobody can know of";
  return { findings, summary: `${accident}${known}: ${fenced.join(", ") || "nobody"} is fenced` };
}

let wrong = 0;
const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  process.stdout.write(`seed ${seed} `);
  const broken = sabotage === undefined ? {} : { sabotage };
  const { findings, summary } = values["set-back"]
    ? await setBack({ seed, ...broken })
    : await storm({ seed, ...broken });
  process.stdout.write(`${summary}\n`);
  for (const finding of findings) process.stdout.write(`  ${finding}\n`);
  if (findings.length > 0) wrong++;
}
process.exit(wrong === 0 ? 0 : 1);
