/**
 * The seeded cluster simulator by hand:
 *   bun test/simulation/run.ts [--seed N] [--seeds COUNT] [--nodes N] [--sabotage NAME]
 * Prints each seed before it runs; exits 1 when one was found wrong.
 */
import { parseArgs } from "node:util";
import { SABOTAGE, type SabotageName } from "./sabotage.ts";
import { runScenario } from "./scenario.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    nodes: { type: "string" },
    sabotage: { type: "string" },
  },
});

function isSabotage(name: string): name is SabotageName {
  return name in SABOTAGE;
}

const { sabotage } = values;
if (sabotage !== undefined && !isSabotage(sabotage)) {
  throw new Error(`--sabotage is one of ${Object.keys(SABOTAGE).join(", ")}`);
}
let wrong = 0;
const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  process.stdout.write(`seed ${seed} `);
  const report = await runScenario({
    seed,
    ...(values.nodes === undefined ? {} : { nodes: Number(values.nodes) }),
    ...(sabotage === undefined ? {} : { sabotage }),
  });
  const { kills, transfers, returned, settledAfterMs, findings } = report;
  process.stdout.write(
    `${kills} kills, ${transfers} transfers (${returned} returned), at rest after ${settledAfterMs} ms\n`,
  );
  for (const finding of findings) process.stdout.write(`  ${finding}\n`);
  if (findings.length > 0) wrong++;
}
process.exit(wrong === 0 ? 0 : 1);
