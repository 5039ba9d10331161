import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { z } from "zod";
import { timeToFirstFish } from "../../e2e/first-fish.ts";
import { closeConnections, expectWholeLedger } from "../../e2e/ledger.ts";
import { fishArrive, watched } from "../../e2e/scenarios.ts";
import { until } from "../../support/commands.ts";
import type { Lab } from "../../support/lab.ts";
import { labTest } from "../../support/lab-test.ts";
import type { Node } from "../../support/node.ts";
import { PROMPTLY_MS } from "../../support/tankd.ts";
import { type Device, TestTailnet, whyNoTailnet } from "./tailnet.ts";

const TIMEOUT_MS = 300_000;
const DEVICES_API = new URL("devices-api.ts", import.meta.url).pathname;
const OPTIONS = ["--discovery", "tailscale", "--profile", "development"];
const unavailable = whyNoTailnet();
const withoutTun = existsSync("/dev/net/tun") ? undefined : "there is no /dev/net/tun";

/** A test with real tailscaled on machines behind routers of their own. */
function tailnetTest(
  name: string,
  body: (lab: Lab, tailnet: TestTailnet) => Promise<void>,
  { needsTun = false } = {},
): void {
  const because = unavailable ?? (needsTun ? withoutTun : undefined);
  if (because !== undefined) {
    test.skip(`${name} (skipped: ${because})`, () => {});
    return;
  }
  labTest(name, TIMEOUT_MS, async (lab) => {
    const tailnet = await TestTailnet.open(lab);
    try {
      await body(lab, tailnet);
    } finally {
      await tailnet.close();
    }
  });
}

function socketOf(device: Device): Record<string, string> {
  return { TANKD_TAILSCALE_SOCKET: device.socket };
}

function start(node: Node, device: Device, options: readonly string[] = OPTIONS): void {
  node.start(options, socketOf(device));
}

const backendsSchema = z.object({
  backends: z.array(z.object({ name: z.string(), state: z.string(), detail: z.string() })),
});

/** What the status of a node says of the backend, once it says that. */
function says(node: Node, state: string, detail: RegExp): Promise<unknown> {
  return until(`node ${node.number} says ${detail}`, PROMPTLY_MS, async () => {
    const { backends } = await node.cliJson(backendsSchema, "status");
    const said = backends.find(({ name }) => name === "tailscale");
    if (said?.state === state && detail.test(said.detail)) return true;
    throw new Error(`it says ${JSON.stringify(said)}`);
  });
}

async function expectMigration(lab: Lab): Promise<void> {
  await lab.agree();
  for (const node of lab.nodes) await fishArrive(node);
  await closeConnections(lab.nodes);
  await expectWholeLedger(lab.nodes);
}

describe("machines that only a tailnet connects", () => {
  tailnetTest("find each other in userspace mode, and fish migrate", async (lab, tailnet) => {
    const [a, b] = [await lab.machineBehindRouter(), await lab.machineBehindRouter()];
    const [one, other] = [await tailnet.join(a, "userspace"), await tailnet.join(b, "userspace")];
    tailnet.tell("phone");
    start(a, one);
    await a.ready();
    await timeToFirstFish("a Pi and a cloud server by Tailscale", b, OPTIONS, socketOf(other));
    await expectMigration(lab);
    for (const node of [a, b]) {
      await says(node, "running", /^1 of 2 devices of tail-test.ts.net may run tankd; userspace/);
    }
    expect((await a.cli("peers")).stdout + (await b.cli("peers")).stdout).toContain("tailscale");
    await other.command("down");
    await says(b, "failed", /^Tailscale is stopped: run tailscale up$/);
    await until("the hub of each is itself", PROMPTLY_MS, async () =>
      (await Promise.all([a, b].map((node) => node.local()))).every(({ role }) => role === "hub"),
    );
    await other.up(tailnet.controlUrl);
    await expectMigration(lab);
    for (const node of [a, b]) expect(await node.stop()).toBe(0);
  });

  tailnetTest(
    "find each other with network interfaces, by themselves",
    async (lab, tailnet) => {
      const [a, b] = [await lab.machineBehindRouter(), await lab.machineBehindRouter()];
      const [one, other] = [await tailnet.join(a, "tun"), await tailnet.join(b, "tun")];
      const options = ["--profile", "development"];
      start(a, one, options);
      await a.ready();
      await timeToFirstFish("a tailnet with interfaces", b, options, socketOf(other));
      await expectMigration(lab);
      await says(a, "running", /^1 of 1 devices of tail-test.ts.net may run tankd$/);
      for (const node of [a, b]) expect(await node.stop()).toBe(0);
    },
    { needsTun: true },
  );

  tailnetTest(
    "find each other, one with an interface and one without",
    async (lab, tailnet) => {
      const [a, b] = [await lab.machineBehindRouter(), await lab.machineBehindRouter()];
      start(a, await tailnet.join(a, "tun"));
      start(b, await tailnet.join(b, "userspace"));
      await a.ready();
      await b.ready();
      await expectMigration(lab);
      for (const node of [a, b]) expect(await node.stop()).toBe(0);
    },
    { needsTun: true },
  );

  tailnetTest("watch each other's tanks in userspace mode", async (lab, tailnet) => {
    const [a, b] = [await lab.machineBehindRouter(), await lab.machineBehindRouter()];
    const [one, other] = [await tailnet.join(a, "userspace"), await tailnet.join(b, "userspace")];
    start(a, one);
    start(b, other);
    await a.ready();
    await b.ready();
    await lab.agree();
    await watched(a, a, await b.tankId());
    await watched(b, b, await a.tankId());
  });

  tailnetTest("hold a tunnel in userspace mode where one takes nothing", async (lab, tailnet) => {
    const [a, b] = [await lab.machineBehindRouter(), await lab.machineBehindRouter()];
    const [one, other] = [await tailnet.join(a, "userspace"), await tailnet.join(b, "userspace")];
    await other.command("set", "--shields-up");
    start(a, one, [...OPTIONS, "--role", "hub"]);
    await a.ready();
    start(b, other, [...OPTIONS, "--role", "worker"]);
    await b.ready();
    await lab.agree();
    await until("it has a tunnel", PROMPTLY_MS, () => b.hasLogged("tunnel open"));
    await watched(a, a, await b.tankId());
    await expectMigration(lab);
  });

  tailnetTest("join as soon as their devices may", async (lab, tailnet) => {
    const [a, b] = [await lab.machineBehindRouter(), await lab.machineBehindRouter()];
    start(a, await tailnet.join(a, "userspace"));
    const device = await tailnet.addDevice(b, "userspace");
    start(b, device);
    await a.ready();
    await b.ready();
    await says(b, "failed", /^this machine is not logged in to Tailscale: run tailscale up$/);
    await device.up(tailnet.controlUrl);
    await lab.agree();
    tailnet.tell(`expired ${device.name} true`);
    await says(b, "failed", /^the key of this machine has expired: run tailscale up/);
    tailnet.tell(`expired ${device.name} false`);
    await says(b, "running", /may run tankd/);
    await lab.agree();
    await device.stop();
    await says(b, "failed", /^tailscaled at .*: no such socket; it must run/);
    await device.start();
    await lab.agree();
  });

  tailnetTest("ask no device that is not online", async (lab, tailnet) => {
    const [a, b] = [await lab.machineBehindRouter(), await lab.machineBehindRouter()];
    const [one, other] = [await tailnet.join(a, "userspace"), await tailnet.join(b, "userspace")];
    tailnet.tell(`online ${other.name} false`);
    start(a, one);
    await a.ready();
    await says(a, "running", /^0 of 1 devices/);
    tailnet.tell(`online ${other.name} true`);
    await says(a, "running", /^1 of 1 devices/);
  });

  tailnetTest("find a hub by its name, in userspace mode", async (lab, tailnet) => {
    const [a, b] = [await lab.machineBehindRouter(), await lab.machineBehindRouter()];
    const [one, other] = [await tailnet.join(a, "userspace"), await tailnet.join(b, "userspace")];
    start(a, one, [...OPTIONS, "--role", "hub"]);
    await a.ready();
    const hub = `http://${one.name}.tail-test.ts.net:8000`;
    start(b, other, ["--discovery", `${hub},tailscale`, "--interfaces", "tailscale"]);
    await b.ready();
    await lab.agree();
    const worker = (await a.servers()).find(({ node_id }) => node_id === b.nodeId);
    expect(worker?.host).toBe(await other.address());
  });

  tailnetTest("find each other by proxy and key, without a socket", async (lab, tailnet) => {
    const [a, b] = [await lab.machineBehindRouter(), await lab.machineBehindRouter()];
    const [proxy, apiPort] = ["127.0.0.1:1055", 9_999];
    const one = await tailnet.join(a, "userspace");
    const other = await tailnet.join(b, "userspace", [`--outbound-http-proxy-listen=${proxy}`]);
    const addresses = [await one.address(), await other.address()];
    lab.run(b, [process.execPath, DEVICES_API, `${apiPort}`, ...addresses]);
    start(a, one);
    await a.ready();
    b.start([...OPTIONS, "--advertise", await other.address()], {
      TANKD_TAILSCALE_PROXY: `http://${proxy}`,
      TANKD_TAILSCALE_API_KEY: "tskey-api-test",
      TANKD_TAILSCALE_API_URL: `http://127.0.0.1:${apiPort}`,
    });
    await b.ready();
    await says(b, "running", /^2 of 2 devices may run tankd; by the API of Tailscale$/);
    await lab.agree();
    await watched(b, b, await a.tankId());
    await expectMigration(lab);
  });

  tailnetTest("are no programs of this machine to each other", async (lab, tailnet) => {
    const [a, b] = [await lab.machineBehindRouter(), await lab.machineBehindRouter()];
    const [one, other] = [await tailnet.join(a, "userspace"), await tailnet.join(b, "userspace")];
    start(b, other);
    await b.ready();
    await says(b, "running", /userspace/);
    const address = await other.address();
    const registration = JSON.stringify({ server_id: "guest", hostname: "guest", port: 9000 });
    const request = [
      "POST /api/discovery/register HTTP/1.1",
      `Host: ${address}:8000`,
      "Content-Type: application/json",
      `Content-Length: ${registration.length}`,
      "Connection: close",
      "",
      registration,
    ].join("\r\n");
    expect(await one.ask(address, 8000, request)).toContain(" 200 ");
    const named = `GET /api/tanks HTTP/1.1\r\nHost: ${other.name}.tail-test.ts.net:8000`;
    expect(await one.ask(address, 8000, `${named}\r\nConnection: close\r\n\r\n`)).toContain(
      " 200 ",
    );
    const guest = (await b.servers()).find(({ server_id }) => server_id === "guest");
    expect(guest?.host).toBe(await one.address());
  });
});
