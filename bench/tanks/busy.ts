/**
 * A node on which every core simulates as fast as it goes: who asks it, and who beats its heart.
 */
import { availableParallelism } from "node:os";
import { print } from "../measure.ts";
import { endNode, hasRole, startNode, until } from "../node.ts";
import { Counters } from "./counters.ts";
import { type Crowd, makeTanks, startAlone, tellAll } from "./crowd.ts";
import { printLatencies } from "./latencies.ts";
import { coresOf, measurePace, probe } from "./pace.ts";

const PORTS = { busy: 18_205, witness: 18_206 } as const;
/** More than one for each core, so that no thread is ever without work. */
const TANKS_PER_CORE = 4;
/** For the compiler. */
const WARM_UP_MS = 10_000;

export async function benchBusy(seconds: number): Promise<void> {
  const crowd = await startAlone({ port: PORTS.busy });
  const hub = ["--hub", crowd.node.url, "--discovery", "hub"];
  const witness = startNode({ port: PORTS.witness }, ...hub, "--tanks", "0");
  await until(witness, "/api/servers/local", hasRole("worker"));
  const count = TANKS_PER_CORE * availableParallelism();
  const ids = await makeTanks(crowd, count);
  await tellAll(crowd, ids, "speed", { tick_rate: 0 });
  await Bun.sleep(WARM_UP_MS);
  const before = await Counters.of(witness.api);
  await report(crowd, ids, seconds);
  const since = (await Counters.of(witness.api)).since(before);
  const changes = since.get("tankd_role_changes_total") + since.get("tankd_term");
  const outcome = changes === 0 ? "kept it as its hub all the time" : "LOST it for a time";
  print(`A worker beside it, judging by its heartbeats, ${outcome}.`);
  print("");
  await endNode(witness);
  await endNode(crowd.node);
}

async function report(crowd: Crowd, ids: readonly string[], seconds: number): Promise<void> {
  const running = measurePace(crowd, seconds);
  const order = { url: crowd.node.url, token: crowd.node.token, tank: ids[0] ?? "" };
  const [pace, latencies] = await Promise.all([running, probe(order, running)]);
  print(
    `${ids.length} tanks of 50 fish that go as fast as they can, on every core, for ${seconds} s ` +
      `(${coresOf(pace).toFixed(2)} cores used):`,
  );
  print("");
  printLatencies(latencies);
}
