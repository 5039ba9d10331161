/** How the start of a node is measured. */
import { anything, endNode, hasRole, isHealthy, startNode, until } from "./node.ts";
import { residentMegabytes } from "./proc.ts";

const HUB_PORT = 18_100;
const WORKER_PORT = 18_101;
/** Time for the heap of a young node to settle before it is weighed. */
const SETTLE_MS = 10_000;

/** Milliseconds from exec. */
export interface Starts {
  readonly answered: number[];
  readonly healthy: number[];
  readonly alone: number[];
  readonly joined: number[];
}

/** A hub from exec to its role, then a worker beside it, again and again. */
export async function measureStarts(runs: number): Promise<Starts> {
  const starts: Starts = { answered: [], healthy: [], alone: [], joined: [] };
  for (let run = 0; run < runs; run++) {
    const hub = startNode({ port: HUB_PORT }, "--discovery", "none");
    starts.answered.push(await until(hub, "/health", anything));
    starts.healthy.push(await until(hub, "/health", isHealthy));
    starts.alone.push(await until(hub, "/api/servers/local", hasRole("hub")));
    const worker = startNode({ port: WORKER_PORT }, ...["--discovery", "hub", "--hub", hub.url]);
    starts.joined.push(await until(worker, "/api/servers/local", hasRole("worker")));
    await endNode(worker);
    await endNode(hub);
  }
  return starts;
}

/** From exec to the first answer on `/health`, and until it says that the tanks are there. */
export async function measureAnswers(runs: number): Promise<Pick<Starts, "answered" | "healthy">> {
  const starts: Pick<Starts, "answered" | "healthy"> = { answered: [], healthy: [] };
  for (let run = 0; run < runs; run++) {
    const node = startNode({ port: HUB_PORT }, "--discovery", "none");
    starts.answered.push(await until(node, "/health", anything));
    starts.healthy.push(await until(node, "/health", isHealthy));
    await endNode(node);
  }
  return starts;
}

/** Resident megabytes of a node with one tank of 50 fish, ten seconds old. */
export async function weighIdleNode(): Promise<number> {
  const idle = startNode({ port: HUB_PORT }, "--discovery", "none");
  await until(idle, "/health", isHealthy);
  await Bun.sleep(SETTLE_MS);
  const resident = residentMegabytes(idle.pid);
  await endNode(idle);
  return resident;
}
