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
 * folder that `make test-tailscale` fills. `hub`, where the second is given the URL of the first, is
 * always measured: the others are compared with it. It wants the machine for itself.
 */
import { isBackendName } from "../src/discovery/backend-names.ts";
import { TANKD } from "../test/support/tankd.ts";
import { ALL_AT_ONCE, BACKENDS, type Backend, HUB, ONLY_MDNS } from "./discovery/backends.ts";
import { type Death, EXPIRING, measureDeath } from "./discovery/dying.ts";
import { type Idle, measureIdle } from "./discovery/idling.ts";
import { type Join, measureJoin } from "./discovery/joining.ts";
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
const left: string[] = [];
const backends = BACKENDS.filter(isMeasured);

/** Whether it was asked for and can be had; what cannot is said. */
function isMeasured(backend: Backend): boolean {
  if (only.length > 0 && backend !== HUB && !only.includes(backend.name)) return false;
  const missing = whyNot(backend);
  if (missing !== undefined) left.push(`${backend.name} (${missing})`);
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
  return value === undefined ? "–" : `${(value / 1000).toFixed(2)} s`;
}

async function joinAll(): Promise<ReadonlyMap<string, readonly Join[]>> {
  const measured = new Map<string, readonly Join[]>();
  for (const backend of backends) {
    const joins: Join[] = [];
    await withWorld(backend, binary, async (world, flags) => {
      while (joins.length < runs) {
        const join = await measureJoin(world, flags, "fish");
        joins.push(join);
        say(`${backend.name}: peer after ${ms(join.peerMs)}, fish after ${ms(join.fishMs)}`);
      }
    });
    measured.set(backend.name, joins);
  }
  return measured;
}

async function idleAll(): Promise<ReadonlyMap<string, Idle>> {
  const measured = new Map<string, Idle>();
  for (const backend of backends) {
    const idle = await withWorld(backend, binary, (world, flags) =>
      measureIdle(world, flags, seconds),
    );
    measured.set(backend.name, idle);
    say(`${backend.name}: ${idle.cpuSeconds.toFixed(1)} CPU s, ${idle.bytes.toFixed(0)} B an hour`);
  }
  return measured;
}

async function killAll(): Promise<ReadonlyMap<string, readonly Death[]>> {
  const measured = new Map<string, readonly Death[]>();
  for (const backend of backends.filter(({ name }) => EXPIRING.includes(name))) {
    const deaths: Death[] = [];
    while (deaths.length < kills) {
      const death = await withWorld(backend, binary, (world, flags) =>
        measureDeath(world, flags, limitSeconds),
      );
      deaths.push(death);
      say(`${backend.name}: last nominated ${ms(death.nominatedMs)} after the kill`);
      // What is nominated for good is nominated for good the next time, too.
      if (death.nominatedMs === undefined) break;
    }
    measured.set(backend.name, deaths);
  }
  return measured;
}

/** In turns, on the same machines. */
async function compareAll(): Promise<void> {
  const [all, alone]: [Join[], Join[]] = [[], []];
  await withWorld(ALL_AT_ONCE, binary, async (world, flags) => {
    while (alone.length < runs) {
      all.push(await measureJoin(world, flags, "peer"));
      alone.push(await measureJoin(world, ONLY_MDNS, "peer"));
      say(`role after ${ms(all.at(-1)?.roleMs)}, by mdns alone after ${ms(alone.at(-1)?.roleMs)}`);
    }
  });
  printAllAtOnce(all, alone);
}

const has = (part: Part) => parts.includes(part);
printMachine();
if (has("join")) printJoins(await joinAll());
if (has("idle")) printIdle(await idleAll());
if (has("death")) printDeaths(await killAll(), limitSeconds);
const allMissing = missingPrograms(ALL_AT_ONCE);
if (has("all")) {
  if (allMissing === undefined) await compareAll();
  else left.push(`${ALL_AT_ONCE.name} (${allMissing})`);
}
print(
  "Consul is the tests' double, by HTTP. `of hub`: medians, beside a node that is given the URL.",
);
if (has("idle")) {
  print(
    `Idle: medians of three windows of ${seconds} s; bytes are the card's, with those of agents.`,
  );
}
if (left.length > 0) print(`Left out: ${left.join(", ")}.`);
keepReport("discovery");
process.exit(0);
