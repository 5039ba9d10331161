/**
 * What the ways to find each other are worth, on two machines and a server, which are network
 * namespaces on one bridge (Linux, root): how soon a second node has its first peer and its first
 * fish, what a node costs when nothing happens, how long a dead machine is nominated, and whether
 * all backends at once delay a node's role.
 *
 *   make build && bun bench/discovery.ts [--runs 20] [--only mdns,etcd,…] [--seconds 60]
 *       [--parts join,idle,death,all] [--kills 3] [--limit 180] [--binary TANKD] [--write]
 *
 * Serf's agents (on each machine), etcd and dnsmasq are those of Debian; what is not installed is
 * left out. Consul is the tests' double of it, served by HTTP on the third machine: its times say
 * what tankd adds, and nothing of Consul. Tailscale takes part where TAILSCALE_PROGRAMS names the
 * folder that `make test-tailscale` fills. `hub`, where the second is given the URL of the first,
 * is measured whatever `--only` says: the others are compared with it. What every node says to
 * its hub is in both. It wants the machine for itself.
 */
import { isBackendName } from "../src/discovery/backend-names.ts";
import { TANKD } from "../test/support/tankd.ts";
import {
  ALL_AT_ONCE,
  ALL_NAMES,
  ALTERNATIVES,
  BACKENDS,
  type Backend,
  HUB,
} from "./discovery/backends.ts";
import { type Death, EXPIRING, measureDeath } from "./discovery/dying.ts";
import { type Idle, measureIdle } from "./discovery/idling.ts";
import { type Join, measureJoin, proveWorking } from "./discovery/joining.ts";
import { printAllAtOnce, printDeaths, printIdle, printJoins } from "./discovery/report.ts";
import { withWorld } from "./discovery/world.ts";
import { keepReport, option, print, printMachine } from "./measure.ts";

const PARTS = ["join", "idle", "death", "all"] as const;
type Part = (typeof PARTS)[number];

const runs = Number(option("runs", "20"));
const seconds = Number(option("seconds", "60"));
const kills = Number(option("kills", "3"));
const limitSeconds = Number(option("limit", "180"));
const binary = option("binary", TANKD);
const only = option("only", "").split(",").filter(Boolean);
const parts: readonly string[] = option("parts", PARTS.join(",")).split(",");
const notes: string[] = [];
const backends = BACKENDS.filter(isMeasured);

/** Whether it was asked for and can be had; what cannot is said. */
function isMeasured(backend: Backend): boolean {
  if (only.length > 0 && backend !== HUB && !only.includes(backend.name)) return false;
  const missing = whyNot(backend);
  if (missing !== undefined) notes.push(`Left out: ${backend.name}, ${missing}.`);
  return missing === undefined;
}

function whyNot(backend: Backend): string | undefined {
  const { name } = backend;
  if (!isBackendName(name)) return "this tankd has no such backend";
  if (name === "tailscale" && !process.env["TAILSCALE_PROGRAMS"])
    return "TAILSCALE_PROGRAMS is not set";
  return missingPrograms(backend);
}

function missingPrograms({ programs }: Backend): string | undefined {
  const missing = programs.filter((program) => Bun.which(program) === null);
  return missing.length === 0 ? undefined : `${missing.join(" and ")} not installed`;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function ms(value: number | undefined): string {
  return value === undefined ? "all the time" : `${(value / 1000).toFixed(2)} s`;
}

/** A backend that fails ends its own measurement, and not those of the others. */
async function attempt(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    notes.push(`Ended early: ${name}, ${error instanceof Error ? error.message : error}.`);
    say(notes.at(-1) ?? "");
  }
}

async function joinAll(): Promise<ReadonlyMap<string, readonly Join[]>> {
  const measured = new Map<string, Join[]>();
  for (const backend of backends) {
    const joins: Join[] = [];
    measured.set(backend.name, joins);
    const measure = () =>
      withWorld(backend, binary, async (world, flags) => {
        while (joins.length < runs) {
          const join = await measureJoin(world, flags, "fish");
          joins.push(join);
          say(`${backend.name}: peer after ${ms(join.peerMs)}, fish after ${ms(join.fishMs)}`);
        }
      });
    await attempt(backend.name, measure);
  }
  return measured;
}

async function idleAll(): Promise<ReadonlyMap<string, Idle>> {
  const measured = new Map<string, Idle>();
  for (const backend of backends) {
    const measure = async () => {
      const idle = await withWorld(backend, binary, (world, flags) =>
        measureIdle(world, flags, seconds),
      );
      measured.set(backend.name, idle);
      const { cpuSeconds, bytes } = idle;
      say(`${backend.name}: ${cpuSeconds.toFixed(1)} CPU s, ${bytes.toFixed(0)} B an hour`);
    };
    await attempt(backend.name, measure);
  }
  return measured;
}

async function killAll(): Promise<ReadonlyMap<string, readonly Death[]>> {
  const measured = new Map<string, Death[]>();
  for (const backend of backends.filter(({ name }) => EXPIRING.includes(name))) {
    const deaths: Death[] = [];
    measured.set(backend.name, deaths);
    const measure = async () => {
      // Who is nominated for good is nominated for good the next time, too.
      while (deaths.length < kills && !deaths.some(isForGood)) {
        const death = await withWorld(backend, binary, (world, flags) =>
          measureDeath(world, flags, limitSeconds),
        );
        deaths.push(death);
        say(`${backend.name}: nominated for ${ms(death.nominatedMs)} after the kill`);
      }
    };
    await attempt(backend.name, measure);
  }
  return measured;
}

function isForGood({ nominatedMs }: Death): boolean {
  return nominatedMs === undefined;
}

/** In turns, on the same machines. */
async function compareAll(): Promise<ReadonlyMap<string, readonly Join[]>> {
  const measured = new Map(ALTERNATIVES.map(({ name }) => [name, [] as Join[]]));
  const measure = () =>
    withWorld(ALL_AT_ONCE, binary, async (world, all) => {
      const [everything] = ALTERNATIVES;
      if (everything) await proveWorking(world, everything.flagsOf(all, world), ALL_NAMES);
      for (let run = 0; run < runs; run++) {
        for (const { name, flagsOf } of ALTERNATIVES) {
          const join = await measureJoin(world, flagsOf(all, world), "peer");
          measured.get(name)?.push(join);
          say(`${name}: role after ${ms(join.roleMs)}`);
        }
      }
    });
  await attempt(ALL_AT_ONCE.name, measure);
  return measured;
}

const has = (part: Part) => parts.includes(part);
printMachine();
if (has("join")) {
  printJoins(await joinAll());
  print(
    "`of hub`: medians, beside a node that is given the URL. A fish may leave every 2 s, by 25 %.",
  );
  print("");
}
if (has("idle")) {
  printIdle(await idleAll());
  print(`Medians of three windows of ${seconds} s; kB are the card's, with those of agents.`);
  print("");
}
if (has("death")) printDeaths(await killAll(), limitSeconds);
if (has("all")) {
  const missing = missingPrograms(ALL_AT_ONCE);
  if (missing === undefined) printAllAtOnce(await compareAll());
  else notes.push(`Left out: ${ALL_AT_ONCE.name}, ${missing}.`);
}
print("Consul is the tests' double, by HTTP.");
for (const note of notes) print(note);
keepReport("discovery");
process.exit(0);
