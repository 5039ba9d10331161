import { expect, setDefaultTimeout, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { FakeLocalApi } from "../adapters/tailscale/fake-local-api.ts";
import { WHOIS } from "../adapters/tailscale/recorded.ts";
import { serversSchema, tanksSchema } from "../support/api.ts";
import { run, until } from "../support/commands.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { Scratch } from "../support/scratch.ts";
import { ALONE, PROMPTLY_MS } from "../support/tankd.ts";
import { startLocal } from "./local-node.ts";

setDefaultTimeout(60_000);

/** Another device of the tailnet of {@link FakeLocalApi}. */
const DEVICE = "100.64.0.2";
/** Where a node listens that says to be elsewhere on this machine: nobody can dial it. */
const [LISTENS, SAYS] = ["127.0.0.2", "127.0.0.3"];
const WATCHER = join(import.meta.dir, "../support/watcher.ts");
const FRAMES = 3;

async function servers({ url }: NodeProcess) {
  return serversSchema.parse(await (await fetch(`${url}/api/discovery/servers`)).json()).servers;
}

async function watch({ url }: NodeProcess, host: NodeProcess): Promise<unknown> {
  const { tanks } = tanksSchema.parse(await (await fetch(`${host.url}/api/tanks`)).json());
  const tankId = tanks[0]?.tank.tank_id;
  const address = `${url.replace(/^http/, "ws")}/ws/${tankId}`;
  const { stdout, stderr } = await run([process.execPath, WATCHER, address, String(FRAMES)]);
  return stderr === "" && JSON.parse(stdout).tank === tankId ? "watched" : stderr;
}

test("behind tailscaled a hub is found by its URL, watched, and held a tunnel to", async () => {
  const api = await new FakeLocalApi().start();
  using hubScratch = new Scratch();
  using scratch = new Scratch();
  try {
    const hubOptions = [...ALONE, "--role", "hub", "--advertise", DEVICE];
    await using hub = await startLocal(hubScratch, hubOptions);
    const port = Number(new URL(hub.url).port);
    api.places.set(`${DEVICE}:${port}`, port);
    const options = ["--host", LISTENS, "--port", "0", "--advertise", SAYS];
    const hubUrl = `http://${DEVICE}:${port}`;
    const wanted = ["--discovery", hubUrl, "--role", "worker", "--tailscale-socket", api.socket];
    await using node = await startLocal(scratch, [...options, ...wanted]);
    expect(await watch(node, hub)).toBe("watched");
    await until("the hub has a tunnel", PROMPTLY_MS, async () =>
      node.logged().some(({ msg }) => msg === "tunnel open"),
    );
    expect(await watch(hub, node)).toBe("watched");
  } finally {
    await api.close();
  }
});

test("a device is no program of this machine, however nodes are looked for", async () => {
  const api = await new FakeLocalApi().start();
  using scratch = new Scratch();
  try {
    const options = [...ALONE, "--tailscale-socket", api.socket];
    await using node = await startLocal(scratch, options);
    const passedOn = await connected(Number(new URL(node.url).port));
    api.whois.set(passedOn.localPort ?? 0, WHOIS);
    await register(passedOn, "device");
    await register(await connected(Number(new URL(node.url).port)), "program");
    const hosts = (await servers(node)).map(({ server_id, host }) => [server_id, host]);
    expect(hosts).toContainEqual(["device", "100.64.0.1"]);
    expect(hosts).toContainEqual(["program", "127.0.0.1"]);
  } finally {
    await api.close();
  }
});

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

async function register(socket: Socket, name: string): Promise<void> {
  const body = JSON.stringify({ server_id: name, hostname: name, port: 9000 });
  const head = [
    "POST /api/discovery/register HTTP/1.1",
    "Host: 127.0.0.1",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "Connection: close",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  expect(answer).toStartWith("HTTP/1.1 200");
}
