/**
 * A server that behaves at a hub as Tank World's does (mbolaris/tank @69b0b494), written from what
 * that sends: it registers once at its start, and then sends a heartbeat with its whole record
 * every 2 s, unsigned. It never registers again, whatever it is answered, and never unregisters.
 *
 *     DISCOVERY_SERVER_URL=http://10.77.0.1:8000 bun test/support/like-tank-world.ts ID HOST PORT
 */
const [id = "tank-world", host = "127.0.0.1", port = "8000"] = process.argv.slice(2);
const hub = process.env["DISCOVERY_SERVER_URL"];
if (hub === undefined) throw new Error("DISCOVERY_SERVER_URL is missing");

const HEARTBEAT_MS = 2_000;
/** Only a connection that is refused or times out is tried again, after these. */
const RETRIES_MS = [1_000, 2_000, 4_000];
const REQUEST_TIMEOUT_MS = 5_000;
const begun = performance.now();

function record(): string {
  return JSON.stringify({
    server_id: id,
    hostname: id,
    host,
    port: Number(port),
    status: "online",
    world_count: 1,
    version: "1.0.0",
    uptime_seconds: (performance.now() - begun) / 1000,
    cpu_percent: 3.5,
    memory_mb: 120.5,
    is_local: true,
    platform: "Linux",
    architecture: "x86_64",
    hardware_model: null,
    logical_cpus: 2,
    physical_cpus: 2,
  });
}

async function post(path: string): Promise<void> {
  const response = await fetch(`${hub}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: record(),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  await response.arrayBuffer();
}

async function register(): Promise<void> {
  for (const pauseMs of [0, ...RETRIES_MS]) {
    await Bun.sleep(pauseMs);
    try {
      await post("/api/discovery/register");
      return;
    } catch {
      // Nobody there yet.
    }
  }
}

Bun.serve({
  port: Number(port),
  fetch: (request) =>
    new URL(request.url).pathname === "/api/worlds"
      ? Response.json({ worlds: [], count: 0 })
      : Response.json({ detail: "Not Found" }, { status: 404 }),
});

await register();
for (;;) {
  await Bun.sleep(HEARTBEAT_MS);
  // What goes wrong with a heartbeat is of no consequence to it.
  await post(`/api/discovery/heartbeat/${id}`).catch(() => undefined);
}

// Top-level await needs a module.
export {};
