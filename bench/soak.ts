/**
 * Whether two nodes that exchange fish by themselves grow with time: memory, descriptors, files.
 *   make soak HOURS=1
 *   bun bench/soak.ts [--hours 1] [--every 60] [--base BINARY] [--write]
 * With `--base` a pair of another build lives beside them. What the runtime still compiles makes
 * the first minutes smaller, so the figures are compared with those of minute five.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { NodeProcess } from "../test/support/node-process.ts";
import { TANKD } from "../test/support/tankd.ts";
import { keepReport, option, print, printHead, printMachine, printRow } from "./measure.ts";
import { endNode, hasRole, isHealthy, startNode, until } from "./node.ts";
import { memoryOf } from "./proc.ts";

const PORT = 18_230;
const HOURS = Number(option("hours", "1"));
const EVERY_SECONDS = Number(option("every", "60"));
const BASE = option("base", "");
const REFERENCE_MINUTE = 5;
const SHOWN_MINUTES = [1, 5, 10, 20, 30, 60, 120, 240, 480, 720, 1_440, 2_160, 2_880, 4_320];

interface Sample {
  readonly minute: number;
  readonly residentMb: number;
  readonly anonymousMb: number;
  readonly heapMb: number;
  readonly descriptors: number;
  readonly files: number;
  readonly directoryMb: number;
  readonly transfers: number;
}

interface Watched {
  readonly name: string;
  readonly node: NodeProcess;
  readonly samples: Sample[];
}

function filesBelow(folder: string): readonly number[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      // A snapshot or a write-ahead log may go while it is looked at.
      const path = join(entry.parentPath, entry.name);
      return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    });
}

function figure(metrics: string, name: string): number {
  const lines = metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"));
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}

async function sample({ node }: Watched, minute: number): Promise<Sample> {
  const metrics = await node.api.text("/metrics");
  const { pid } = node;
  const sizes = filesBelow(node.directory);
  const { residentMb, anonymousMb } = memoryOf(pid);
  return {
    minute,
    residentMb,
    anonymousMb,
    heapMb: figure(metrics, "process_heap_bytes") / 2 ** 20,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    files: sizes.length,
    directoryMb: sizes.reduce((sum, size) => sum + size, 0) / 2 ** 20,
    transfers: figure(metrics, "tankd_transfers_total"),
  };
}

/** Two nodes of one build; the second is given the address of the first. */
async function startPair(build: string, binary: string, port: number): Promise<Watched[]> {
  const first = startNode({ port, binary }, "--discovery", "none", "--role", "hub");
  await until(first, "/health", isHealthy);
  const hub = `http://127.0.0.1:${port}`;
  const second = startNode({ port: port + 1, binary }, "--discovery", "hub", "--hub", hub);
  await until(second, "/api/servers/local", hasRole("worker"));
  return [
    { name: `${build}, hub`, node: first, samples: [] },
    { name: `${build}, worker`, node: second, samples: [] },
  ];
}

function rowOf(name: string, at: Sample): void {
  const { minute, residentMb, anonymousMb, heapMb, descriptors, files, directoryMb } = at;
  const memory = [residentMb, anonymousMb, heapMb].map((value) => value.toFixed(1));
  printRow(name, minute, ...memory, descriptors, files, directoryMb.toFixed(1), at.transfers);
}

function report({ name, samples }: Watched): void {
  const last = samples.at(-1);
  const shown = samples.filter((at) => SHOWN_MINUTES.includes(at.minute) || at === last);
  for (const at of shown) rowOf(name, at);
}

function ratios({ name, samples }: Watched): void {
  const [reference, last] = [samples.find((at) => at.minute >= REFERENCE_MINUTE), samples.at(-1)];
  if (!reference || !last || reference === last) return;
  const resident = (last.residentMb / reference.residentMb).toFixed(2);
  const anonymous = (last.anonymousMb / reference.anonymousMb).toFixed(2);
  const span = `from minute ${reference.minute} to ${last.minute}`;
  print(`- ${name}: resident ${resident} ×, anonymous ${anonymous} × ${span}`);
}

printMachine();
const watched = await startPair("this build", TANKD, PORT);
if (BASE !== "") watched.push(...(await startPair("base", BASE, PORT + 10)));
const begunMs = performance.now();
const endMs = HOURS * 3_600_000;
for (let round = 1; performance.now() - begunMs < endMs; round++) {
  await Bun.sleep(Math.max(0, begunMs + round * EVERY_SECONDS * 1_000 - performance.now()));
  const minute = Math.round((performance.now() - begunMs) / 60_000);
  for (const one of watched) one.samples.push(await sample(one, minute));
  const resident = watched.map(({ samples }) => samples.at(-1)?.residentMb.toFixed(1));
  process.stderr.write(`minute ${minute}: ${resident.join(", ")} MB\n`);
}
printHead(
  "node",
  "minute",
  "resident, MB",
  "anonymous, MB",
  "heap of the main thread, MB",
  "descriptors",
  "files",
  "directory, MB",
  "transfers settled",
);
for (const one of watched) report(one);
print("");
for (const one of watched) ratios(one);
for (const { node } of watched) await endNode(node);
keepReport("soak");
process.exit(0);
