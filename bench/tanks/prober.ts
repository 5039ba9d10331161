/**
 * Asks a node on and on how it is, as a thread of its own: what the benchmark does meanwhile does
 * not count as the node's latency. Gets one order, answers `stop` with what it measured.
 */
export interface ProbeOrder {
  readonly url: string;
  readonly token: string;
  readonly tank: string;
}

/** What is asked, and how the report calls it. */
export const PROBES = {
  health: "GET /health",
  server: "GET /api/servers/local",
  tank: "GET /api/tanks/ID",
  feed: "POST …/feed (durable)",
} as const;
export type ProbeName = keyof typeof PROBES;

/** Milliseconds of each request, by what was asked. */
export type Latencies = Readonly<Record<ProbeName, readonly number[]>>;

declare const self: {
  onmessage: (event: MessageEvent<ProbeOrder | "stop">) => void;
  postMessage(message: Latencies): void;
};

/** A person's clicks and a cluster's heartbeats, not a flood: 40 requests a second. */
const INTERVAL_MS = 100;

const measured: Record<ProbeName, number[]> = { health: [], server: [], tank: [], feed: [] };
let running = true;

async function probe(name: ProbeName, url: string, init: RequestInit): Promise<void> {
  while (running) {
    const beganMs = performance.now();
    const answer = await fetch(url, init);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    if (running) measured[name].push(performance.now() - beganMs);
    await Bun.sleep(INTERVAL_MS);
  }
}

let probes: readonly Promise<void>[] = [];

self.onmessage = ({ data }) => {
  if (data === "stop") void stop();
  else probes = start(data);
};

/** A thread that is ended in the middle of a request has kept its process from ending. */
async function stop(): Promise<void> {
  running = false;
  await Promise.all(probes);
  self.postMessage(measured);
}

function start({ url, token, tank }: ProbeOrder): readonly Promise<void>[] {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const body = JSON.stringify({ portions: 1 });
  return [
    probe("health", `${url}/health`, {}),
    probe("server", `${url}/api/servers/local`, {}),
    probe("tank", `${url}/api/tanks/${tank}`, {}),
    probe("feed", `${url}/api/tanks/${tank}/feed`, { method: "POST", headers, body }),
  ];
}
