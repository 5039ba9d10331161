/**
 * Flocking small and large beside Mesa and MASON: `bun bench/flocking.ts [--runs N]`. Each
 * framework keeps one process, warm from a run before; all run in turns. MESA_PYTHON names an
 * interpreter that can import mesa, MASON_JAR the jar of MASON (with java in the PATH); what is not
 * there is left out.
 */

import { join } from "node:path";
import { type FlockSpec, makeFlock, polarisation, stepFlock } from "./flock.ts";
import {
  keepReport,
  median,
  medianOf,
  option,
  print,
  printHead,
  printMachine,
  printRow,
  type Spent,
  spend,
} from "./measure.ts";

const STEPS = 100;
const RUNS = Number(option("runs", "50"));
/** For the compilers of all. */
const WARM_UPS = 30;
/** Mesa takes seconds: it flies in every tenth turn. */
const SLOW_TURNS = 10;
const SPECS: readonly (readonly [name: string, spec: FlockSpec])[] = [
  ["Flocking small", { birds: 200, size: 100, radius: 5 }],
  ["Flocking large", { birds: 400, size: 150, radius: 15 }],
];

interface Flown extends Spent {
  readonly polarisation: number;
}

interface Flyer {
  readonly name: string;
  /** Flies in every so many turns. */
  readonly turns: number;
  fly(spec: FlockSpec, seed: number): Promise<Flown>;
  end(): void;
}

const tankd: Flyer = {
  name: "tankd",
  turns: 1,
  async fly(spec, seed) {
    const flock = makeFlock(spec, seed);
    const spent = spend(() => {
      for (let i = 0; i < STEPS; i++) stepFlock(flock);
    });
    return { ...spent, polarisation: polarisation(flock) };
  },
  end() {},
};

/** A framework in a process of its own: see peers. */
function startPeer(name: string, turns: number, command: readonly string[]): Flyer {
  const child = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const nextLine = async (): Promise<string> => {
    let line = "";
    while (!line.endsWith("\n")) {
      const { value, done } = await lines.read();
      if (done) throw new Error(`${name} ended`);
      line += value;
    }
    return line;
  };
  return {
    name,
    turns,
    async fly({ birds, size, radius }, seed) {
      child.stdin.write(`${birds} ${size} ${radius} ${STEPS} ${seed}\n`);
      child.stdin.flush();
      const [wallMs = 0, cpuMs = 0, alike = 0] = (await nextLine()).split(" ").map(Number);
      return { wallMs, cpuMs, polarisation: alike };
    },
    end() {
      child.kill();
    },
  };
}

function peers(): readonly Flyer[] {
  const here = join(import.meta.dir, "peers");
  const found: Flyer[] = [];
  const mason = process.env["MASON_JAR"];
  if (mason === undefined) print("MASON is left out: MASON_JAR names no jar of it.");
  else found.push(startPeer("MASON", 1, ["java", "-cp", mason, join(here, "MasonFlocking.java")]));
  const mesa = process.env["MESA_PYTHON"];
  if (mesa === undefined) print("Mesa is left out: MESA_PYTHON names no interpreter that has it.");
  else found.push(startPeer("Mesa", SLOW_TURNS, [mesa, join(here, "mesa_flocking.py")]));
  return found;
}

async function compare(flyers: readonly Flyer[], spec: FlockSpec): Promise<void> {
  const flown = flyers.map((): Flown[] => []);
  for (let run = -WARM_UPS; run < RUNS; run++) {
    for (const [index, flyer] of flyers.entries()) {
      if (run % flyer.turns !== 0) continue;
      const result = await flyer.fly(spec, 1 + run + WARM_UPS);
      if (run >= 0) flown[index]?.push(result);
    }
  }
  const own = medianOf(flown[0] ?? []);
  for (const [index, { name }] of flyers.entries()) {
    const runs = flown[index] ?? [];
    const { wallMs, cpuMs } = medianOf(runs);
    const alike = median(runs.map((run) => run.polarisation)).toFixed(2);
    const ratio = (cpuMs / own.cpuMs).toFixed(1);
    printRow(name, wallMs.toFixed(2), cpuMs.toFixed(2), ratio, alike);
  }
}

printMachine();
const flyers = [tankd, ...peers()];
for (const [name, spec] of SPECS) {
  print(
    `\n${name}: ${spec.birds} birds on ${spec.size}², radius ${spec.radius}, ${STEPS} steps.\n`,
  );
  printHead("", "ms", "ms of processor time", "ratio", "polarisation");
  await compare(flyers, spec);
}
for (const flyer of flyers) flyer.end();
keepReport("flocking");
