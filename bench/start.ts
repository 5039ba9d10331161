/**
 * How long a node takes from exec to its first answer, to its role alone, and to its role beside a
 * hub, and what it then weighs:
 *   make build && bun bench/start.ts [--runs 10]
 * Medians and 95th percentiles in milliseconds; nodes on loopback, data directories under the
 * system's temporary directory.
 */
import { parseArgs } from "node:util";
import { quantile } from "./measure.ts";
import { measureStarts, weighIdleNode } from "./starting.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "10" } } });
const runs = Number(values.runs);

function row(name: string, samples: number[]): string {
  const at = (share: number) => quantile(samples, share).toFixed(0).padStart(8);
  return `${name.padEnd(44)} ${at(0.5)} ${at(0.95)}\n`;
}

const { answered, healthy, alone, joined } = await measureStarts(runs);
const resident = await weighIdleNode();

process.stdout.write(`${"milliseconds from exec".padEnd(44)}   median      p95\n`);
process.stdout.write(row("first answer on /health", answered));
process.stdout.write(row("healthy: tanks are there", healthy));
process.stdout.write(row("role decided, alone", alone));
process.stdout.write(row("role decided, joining a hub", joined));
process.stdout.write(`resident memory with one tank of 50 fish: ${resident.toFixed(0)} MB\n`);
