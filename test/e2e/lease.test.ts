import { describe, expect } from "bun:test";
import { z } from "zod";
import type { Server } from "../support/api.ts";
import { until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { type EtcdMachine, etcdLabTest } from "./etcd-machine.ts";
import { closeConnections, expectWholeLedger } from "./ledger.ts";
import { comeBack, connectRing, fishLeave, startMachines } from "./scenarios.ts";

const TIMEOUT_MS = 180_000;
const EMPTY = ["--profile", "development", "--no-auto-connect", "--tanks", "0"];
const WITH_TANKS = ["--profile", "development", "--no-auto-connect"];
/** Asked of a hub in the moment in which it wakes up. */
const REGISTRATIONS = 10;

/** How long the lease in etcd lasts. */
const LEASE_MS = 8_000;

const problemSchema = z.object({ type: z.string() });

/** Three nodes whose hub etcd decides. */
async function leased(lab: Lab, etcd: EtcdMachine, options: readonly string[]) {
  const started = [...options, "--lease", etcd.leaseUrl];
  const nodes = await startMachines(lab, 3, started);
  return { nodes, options: started, hub: await lab.agree(nodes) };
}

/** A server that is no node asks to be listed; undefined where it is, else the problem's type. */
async function register(at: Node, name: string): Promise<string | undefined> {
  const guest = JSON.stringify({ server_id: name, host: "192.0.2.7", port: 8000 });
  const response = await at.post("/api/discovery/register", guest, {});
  if (response.ok) return undefined;
  return problemSchema.safeParse(await response.json().catch(() => ({}))).data?.type ?? "none";
}

async function rolesOf(nodes: readonly Node[]): Promise<readonly Server["role"][]> {
  return Promise.all(nodes.map(async (node) => (await node.local()).role));
}

async function isListed(at: Node, name: string): Promise<boolean> {
  return (await at.servers()).some(({ server_id }) => server_id === name);
}

/** For people who read the log of a run; nothing is expected of the number. */
async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  const tookMs = Math.round(performance.now() - startedMs);
  process.stderr.write(`lease in etcd: ${what}: ${tookMs} ms\n`);
  return result;
}

describe("a hub that holds a lease in etcd", () => {
  etcdLabTest("is followed by another, however it goes", TIMEOUT_MS, async (lab, etcd) => {
    const { nodes, options, hub } = await leased(lab, etcd, EMPTY);
    const without = (gone: Node) => nodes.filter((node) => node !== gone);

    await hub.crash();
    const second = await timed("another hub after a crash", () => lab.agree(without(hub)));
    await comeBack(hub, options);
    expect(await lab.agree(nodes)).toBe(second);

    const stopped = timed("another hub after a stop in order", () => lab.agree(without(second)));
    await second.stop();
    const third = await stopped;
    second.start(options);
    await second.ready();
    expect(await lab.agree(nodes)).toBe(third);

    third.process.signal("SIGSTOP");
    const fourth = await timed("another hub after a freeze", () => lab.agree(without(third)));
    expect(await register(fourth, "early")).toBeUndefined();
    // Its machine takes them while the program stands still: they are the first that it reads.
    const names = Array.from({ length: REGISTRATIONS }, (_, index) => `late-${index}`);
    const asked = names.map((name) => register(third, name));
    await Bun.sleep(200);
    third.process.signal("SIGCONT");
    const answers = await Promise.all(asked);
    expect(await timed("the frozen one follows", () => lab.agree(nodes))).toBe(fourth);
    expect((await third.local()).role).toBe("worker");
    // What it said yes to, it has passed on.
    for (const [index, name] of names.entries()) {
      if (answers[index] === undefined) expect(await isListed(fourth, name)).toBe(true);
    }
    process.stderr.write(`answers of the frozen hub: ${JSON.stringify(answers)}\n`);
  });

  etcdLabTest("serves reads only while etcd stands still", TIMEOUT_MS, async (lab, etcd) => {
    const { nodes, hub } = await leased(lab, etcd, WITH_TANKS);
    const roles = await rolesOf(nodes);
    await connectRing(nodes);
    for (const node of nodes) await fishLeave(node, 1);

    etcd.signal("SIGSTOP");
    await timed("registrations are refused after etcd is frozen", () =>
      until("the hub refuses to list a server", PROMPTLY_MS, async () => {
        const problem = await register(hub, "late");
        return problem === "urn:tankd:problem:lease_lost";
      }),
    );
    const sent = (await hub.transfers()).filter(({ state }) => state === "delivered").length;
    await fishLeave(hub, sent + 3);
    expect(await rolesOf(nodes)).toEqual(roles);
    expect(await lab.agree(nodes)).toBe(hub);
    const { stdout } = await hub.cli("status");
    expect(stdout).toMatch(/^role +hub: reads only: .*no answer/m);
    expect(stdout).toMatch(/^lease +not known: .*no answer/m);

    etcd.signal("SIGCONT");
    const leader = await timed("registrations are taken after etcd goes on", () =>
      until("a hub lists servers", PROMPTLY_MS, async () => {
        const now = await lab.agree(nodes);
        return (await register(now, "after-the-freeze")) === undefined && now;
      }),
    );

    const { term } = await leader.local();
    await etcd.crash();
    etcd.restart();
    // A registration that is taken later than this shows that the lease was renewed since.
    await Bun.sleep(LEASE_MS);
    expect(await register(leader, "after-the-restart")).toBeUndefined();
    expect(await lab.agree(nodes)).toBe(leader);
    expect((await leader.local()).term).toEqual(term);
    await closeConnections(nodes);
    await expectWholeLedger(nodes);
  });
});
