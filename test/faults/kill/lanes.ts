import { join } from "node:path";
import { AIMS, type LaneOrder, type Summary, summarySchema } from "./lane.ts";

/** The seed of this run, which is printed: `FAULTS_SEED`, else a new one. */
export function faultsSeed(): number {
  const given = process.env["FAULTS_SEED"];
  const seed = given ?? String(crypto.getRandomValues(new Uint32Array(1))[0]);
  process.stderr.write(`FAULTS_SEED=${seed}\n`);
  return Number(seed);
}

/** Runs lanes side by side, and says what they did. Throws what the first unhappy one found. */
export async function runLanes(orders: readonly LaneOrder[]): Promise<Summary> {
  const summaries = await Promise.all(orders.map(runLane));
  const sum = (of: (summary: Summary) => number) =>
    summaries.reduce((total, summary) => total + of(summary), 0);
  const total: Summary = {
    kills: Object.fromEntries(
      AIMS.map((aim) => [aim, sum(({ kills }) => kills[aim])]),
    ) as Summary["kills"],
    inFlight: sum(({ inFlight }) => inFlight),
    underCommands: sum(({ underCommands }) => underCommands),
    cleanStops: sum(({ cleanStops }) => cleanStops),
    acknowledged: sum(({ acknowledged }) => acknowledged),
    digests: sum(({ digests }) => digests),
    ticks: sum(({ ticks }) => ticks),
    gaps: sum(({ gaps }) => gaps),
    fromMemory: sum(({ fromMemory }) => fromMemory),
  };
  process.stderr.write(`${describeSummary(total)}\n`);
  return total;
}

async function runLane(order: LaneOrder): Promise<Summary> {
  const script = join(import.meta.dir, "run-lane.ts");
  const child = Bun.spawn([process.execPath, script, JSON.stringify(order)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (child.exitCode !== 0) throw new Error(err);
  return summarySchema.parse(JSON.parse(out));
}

function describeSummary(total: Summary): string {
  const kills = AIMS.map((aim) => `${aim} ${total.kills[aim]}`).join(", ");
  return (
    `kills: ${kills}; ${total.underCommands} under commands with ${total.inFlight} in flight; ` +
    `${total.cleanStops} stopped before the kill; ${total.acknowledged} acknowledged; ` +
    `${total.digests} digests compared over ${total.ticks} replayed ticks, ` +
    `${total.gaps} gaps, ${total.fromMemory} tanks came from memory`
  );
}
