import { describe, expect } from "bun:test";
import { z } from "zod";
import { until } from "../support/commands.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";

const localSchema = z.object({
  backends: z.array(z.object({ name: z.string(), state: z.string(), detail: z.string() })),
});

const TIMEOUT_MS = 120_000;
const OPTIONS = ["--no-auto-connect", "--tanks", "0"];

function startAt(node: Node, hub: string): void {
  node.start([...OPTIONS, "--discovery", "hub", "--hub", `http://${hub}:8000`]);
}

async function saysOfHub(node: Node, state: string, detail: string): Promise<boolean> {
  const { backends } = await node.get("/api/servers/local", localSchema);
  return backends.some((one) => one.name === "hub" && one.state === state && one.detail === detail);
}

describe("a hub that is given by name", () => {
  labTest(
    "of a pool: three that were all given the name of all three are one cluster",
    TIMEOUT_MS,
    async (lab) => {
      const nodes = await lab.machines(3);
      const numbers = nodes.map(({ number }) => number);
      for (const node of nodes) {
        // Resolvers rotate: each has another one first.
        const first = numbers.indexOf(node.number);
        const rotated = [...numbers.slice(first), ...numbers.slice(0, first)];
        lab.network.setHosts(node.number, { pool: rotated });
        startAt(node, "pool");
      }
      for (const node of nodes) await node.ready();
      await lab.agree();
    },
  );

  labTest("with dots in it is joined without a further setting", TIMEOUT_MS, async (lab) => {
    const [hub, ...workers] = await lab.machines(3);
    if (hub === undefined) throw new Error("three machines were asked for");
    hub.start([...OPTIONS, "--discovery", "none"]);
    await hub.ready();
    for (const [index, name] of ["hub.corp.example", "tankd-1.tankd"].entries()) {
      const worker = workers[index];
      if (worker === undefined) continue;
      lab.network.setHosts(worker.number, { [name]: [hub.number] });
      startAt(worker, name);
      await worker.ready();
    }
    expect(await lab.agree()).toBe(hub);
  });

  labTest(
    "leads to its hub by any of its addresses, itself among them",
    TIMEOUT_MS,
    async (lab) => {
      const [hub, ...workers] = await lab.machines(4);
      if (hub === undefined) throw new Error("four machines were asked for");
      const name = "hub.example.org";
      hub.start([...OPTIONS, "--discovery", "none"]);
      await hub.ready();
      const nobody = 99;
      const records = (own: number) => [
        [nobody, hub.number],
        [hub.number, nobody],
        [own, nobody, hub.number],
      ];
      for (const [index, worker] of workers.entries()) {
        const addresses = records(worker.number)[index] ?? [];
        lab.network.setHosts(worker.number, { [name]: addresses });
        startAt(worker, name);
        await worker.ready();
      }
      expect(await lab.agree()).toBe(hub);
      for (const worker of workers) {
        await until(`node ${worker.number} says that the hub answers`, PROMPTLY_MS, () =>
          saysOfHub(worker, "running", `http://${name}:8000 answers`),
        );
      }
    },
  );

  labTest("is refused nothing that nodes say to each other by it", TIMEOUT_MS, async (lab) => {
    const [hub, worker] = await lab.machines(2);
    if (!hub || !worker) throw new Error("two machines were asked for");
    const fish = ["--tanks", "1", "--fish", "50", "--profile", "development"];
    hub.start(["--discovery", "none", ...fish]);
    await hub.ready();
    lab.network.setHosts(worker.number, { "hub.example.org": [hub.number] });
    worker.start(["--discovery", "hub", "--hub", "http://hub.example.org:8000", ...fish]);
    await worker.ready();
    await lab.agree();
    // By itself each of the two sends fish to the other.
    for (const [node, other] of [
      [hub, worker],
      [worker, hub],
    ] as const) {
      await until(`fish of node ${node.number} reach node ${other.number}`, TIMEOUT_MS, async () =>
        (await node.transfers()).some(
          ({ direction, state }) => direction === "out" && state === "delivered",
        ),
      );
    }
    const read = "console.log(await (await fetch('http://127.0.0.1:8000/metrics')).text())";
    const { stdout } = await worker.exec([process.execPath, "-e", read], "/");
    const outcomes = stdout.match(/^tankd_peer_requests_total\{outcome="\w+"/gm);
    expect(outcomes).toEqual(['tankd_peer_requests_total{outcome="ok"']);
    // Its goodbye is taken as well: the hub does not wait until it is silent for too long.
    const gone = worker.nodeId;
    expect(await worker.stop()).toBe(0);
    expect((await hub.servers()).map(({ node_id }) => node_id)).not.toContain(gone);
  });

  labTest("leads nobody where this node alone is behind it", TIMEOUT_MS, async (lab) => {
    const node = await lab.machine();
    lab.network.setHosts(node.number, { "hub.example.org": [node.number] });
    startAt(node, "hub.example.org");
    await node.ready();
    await lab.agree();
    await until("it says who is there", PROMPTLY_MS, () =>
      saysOfHub(node, "running", "http://hub.example.org:8000 is this node"),
    );
    const joined = await node.cli("join", "http://hub.example.org:8000");
    expect([joined.exitCode, joined.stderr]).toEqual([
      1,
      expect.stringContaining("That is this node itself"),
    ]);
  });
});
