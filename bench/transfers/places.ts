/** A pair of nodes on loopback, and a pair on two machines with a slow network between them. */
import { Lab } from "../../test/support/lab.ts";
import { endNode, isHealthy, startNode, until } from "../node.ts";
import { Pair } from "./pair.ts";

const PORT = 18_400;
const HUB_PORT = 8000;

/** Two nodes on loopback for the time of `work`. */
export async function onLoopback<T>(
  binary: string,
  flags: readonly string[],
  work: (pair: Pair) => Promise<T>,
): Promise<T> {
  const hub = startNode({ port: PORT, binary }, "--discovery", "none", ...flags);
  const follower = startNode(
    { port: PORT + 1, binary },
    ...["--discovery", "hub", "--hub", `http://127.0.0.1:${PORT}`, ...flags],
  );
  try {
    for (const node of [hub, follower]) await until(node, "/health", isHealthy);
    return await work(new Pair([hub, follower]));
  } finally {
    for (const node of [follower, hub]) await endNode(node);
  }
}

/** Two nodes on machines of their own, with a cable of `delayMs` one way between them. */
export async function withDelay<T>(
  binary: string,
  flags: readonly string[],
  delayMs: number,
  work: (pair: Pair) => Promise<T>,
): Promise<T> {
  const lab = await Lab.open({ binary });
  try {
    const [hub, follower] = await lab.machines(2);
    if (hub === undefined || follower === undefined) throw new Error("two machines");
    const quiet = { LOG_LEVEL: "info" };
    hub.start(["--discovery", "none", ...flags], quiet);
    await hub.ready();
    const way = ["--discovery", "hub", "--hub", `http://${hub.address}:${HUB_PORT}`];
    follower.start([...way, ...flags], quiet);
    await follower.ready();
    const quality = { delayMs, jitterMs: 0, loss: 0, duplicate: 0 };
    await lab.links.setQuality(hub.number, quality);
    const [one, other] = [hub, follower].map(({ api, dataDirectory, process: { pid } }) => ({
      api,
      directory: dataDirectory,
      pid,
    }));
    if (one === undefined || other === undefined) throw new Error("two machines");
    return await work(new Pair([one, other]));
  } finally {
    await lab.close();
  }
}
