import { describe, expect, test } from "bun:test";
import { PeerMemory, recallPeers } from "../../../src/cluster/peers/peer-memory.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import type { JournalWrite } from "../../../src/store/journal.ts";
import { MemoryStore } from "../../../src/store/memory/store.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { DEFAULTS } from "../../support/simulated/lab-node.ts";

const META_KEY = "cluster.remembered";

/** A journal that outlives its nodes, and how often it was written to. */
function openJournal() {
  const store = new MemoryStore();
  const state = { commits: 0, isBroken: false };
  const journal = {
    meta: (key: string) => store.journal.meta(key),
    commit: async (writes: readonly JournalWrite[]) => {
      if (state.isBroken) throw new Error("the disk is full");
      state.commits++;
      await store.journal.commit(writes);
    },
  };
  return { state, journal };
}

type Disk = ReturnType<typeof openJournal>;

/** One run of a node with this journal. */
async function run({ journal }: Disk, cluster = "tankd") {
  const world = new SimulatedWorld({ seed: 1 });
  const { timers } = world.addHost({ name: "n" }).boot();
  const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const state = { hub: "" };
  const memory = new PeerMemory({
    deps: { journal, timers, log: silentLog, settings: { ...DEFAULTS, cluster } },
    table,
    hub: () => state.hub,
  });
  await memory.start();
  let nowMs = 0;
  const meet = (id: string, host: string, isMember = true) => {
    table.ensure(id);
    table.noteWorked(id, { host, port: 8000 }, ++nowMs);
    table.update(id, { confirmedMs: nowMs, isMember });
  };
  const pass = (ms: number) => world.run(world.nowMs + ms);
  const says = () => {
    const running = { name: "remembered", state: "running", detail: "", nominations: 0 } as const;
    return memory.explain([running]).map(({ detail }) => detail);
  };
  return { table, state, memory, meet, pass, says };
}

const ids = async ({ journal }: Disk) =>
  (await recallPeers(journal, "tankd")).map(({ nodeId }) => nodeId);

describe("where others have answered", () => {
  test("is there for the next start: the hub first, then those known longest", async () => {
    const disk = openJournal();
    const { table, state, meet, pass } = await run(disk);
    for (const id of ["a", "b", "hub", "c"]) meet(id, `10.0.0.${id.charCodeAt(0)}`);
    state.hub = "hub";
    table.addAddresses("a", [{ host: "10.6.6.6", port: 8000 }], "mdns");
    table.ensure("named only");
    table.addAddresses("named only", [{ host: "10.6.6.7", port: 8000 }], "mdns");
    meet("stranger", "10.6.6.8", false);
    await pass(5_000);
    const at = (nodeId: string) => ({
      nodeId,
      addresses: [{ host: `10.0.0.${nodeId.charCodeAt(0)}`, port: 8000 }],
    });
    expect<unknown>(await recallPeers(disk.journal, "tankd")).toEqual(
      ["hub", "a", "b", "c"].map(at),
    );
    expect(await recallPeers(disk.journal, "other")).toEqual([]);
  });

  test("is kept by what was connected to, not by a name that may move", async () => {
    const disk = openJournal();
    const { table, memory } = await run(disk);
    table.ensure("a");
    for (const target of [
      { host: "hub.example.org", connectTo: "10.0.0.7" },
      { host: "fe80::1%eth0" },
    ]) {
      table.noteWorked("a", { port: 8000, ...target }, 1);
    }
    table.update("a", { confirmedMs: 1, isMember: true });
    await memory.stop();
    const [node] = await recallPeers(disk.journal, "tankd");
    expect(node?.addresses.map(({ host }) => host).sort()).toEqual(["10.0.0.7", "fe80::1%eth0"]);
  });

  test("is written when it changes, at most once a minute, and at the end", async () => {
    const disk = openJournal();
    const { meet, pass, memory } = await run(disk);
    await pass(3_600_000);
    expect(disk.state.commits).toBe(0);
    meet("a", "10.0.0.1");
    for (let seconds = 0; seconds < 600; seconds++) {
      meet(`n${seconds}`, `10.1.0.${seconds}`);
      await pass(1_000);
    }
    expect(disk.state.commits).toBeLessThanOrEqual(10);
    const before = disk.state.commits;
    await pass(3_600_000);
    expect(disk.state.commits - before).toBeLessThanOrEqual(1);
    const full = await ids(disk);
    expect(full).toHaveLength(LIMITS.rememberedNodesMax);
    // Whoever comes later displaces nobody.
    expect(full[0]).toBe("a");
    await memory.stop();
  });

  test("of one machine fills only its share, whatever keys it makes", async () => {
    const disk = openJournal();
    const { meet, memory } = await run(disk);
    for (let key = 0; key < 100; key++) meet(`key ${key}`, "10.6.6.6");
    for (let key = 0; key < 100; key++) meet(`six ${key}`, `2001:db8::${key + 1}`);
    meet("late", "10.0.0.1");
    await memory.stop();
    const kept = await ids(disk);
    expect(kept).toHaveLength(2 * LIMITS.rememberedPerMachineMax + 1);
    expect(kept.at(-1)).toBe("late");
  });

  test("outlives runs that met nobody, and goes where somebody answers elsewhere", async () => {
    const disk = openJournal();
    const first = await run(disk);
    for (const id of ["a", "b"]) first.meet(id, `10.0.0.${id.charCodeAt(0)}`);
    await first.memory.stop();
    await (await run(disk)).memory.stop();
    const third = await run(disk);
    third.meet("b", "10.9.9.9");
    await third.memory.stop();
    const nodes = await recallPeers(disk.journal, "tankd");
    expect(nodes.map(({ nodeId, addresses: [one] }) => `${nodeId} ${one?.host}`)).toEqual([
      "b 10.9.9.9",
      "a 10.0.0.97",
    ]);
  });

  test("is forgotten by who leaves", async () => {
    const disk = openJournal();
    const { table, meet, memory } = await run(disk);
    meet("a", "10.0.0.1");
    await memory.stop();
    table.forget("a");
    await memory.forget();
    expect(await ids(disk)).toEqual([]);
    await memory.stop();
    expect(await ids(disk)).toEqual([]);
  });
});

test("the status tells how many of earlier runs answer", async () => {
  const disk = openJournal();
  const first = await run(disk);
  expect(first.says()).toEqual(["nobody is remembered yet"]);
  for (const id of ["a", "b", "c"]) first.meet(id, `10.0.0.${id.charCodeAt(0)}`);
  expect(first.says()).toEqual(["nobody is remembered yet"]);
  await first.memory.stop();
  const second = await run(disk);
  expect(second.says()).toEqual(["3 nodes of earlier runs, 0 answered"]);
  for (const id of ["a", "new"]) second.meet(id, "10.0.0.9");
  expect(second.says()).toEqual(["3 nodes of earlier runs, 1 answered"]);
});

test("a journal that takes nothing is tried again", async () => {
  const disk = openJournal();
  const { meet, pass } = await run(disk);
  meet("a", "10.0.0.1");
  disk.state.isBroken = true;
  await pass(5_000);
  expect(await ids(disk)).toEqual([]);
  disk.state.isBroken = false;
  await pass(60_000);
  expect(await ids(disk)).toEqual(["a"]);
});

test.each([
  "",
  "no JSON",
  "null",
  "[]",
  '{"cluster":"tankd"}',
  '{"cluster":"tankd","nodes":[{"nodeId":"a","addresses":[]}]}',
  '{"cluster":"tankd","nodes":[{"nodeId":"a","addresses":[{"host":"10.0.0.1","port":"8000"}]}]}',
  '{"cluster":"tankd","nodes":[{"nodeId":"a","addresses":[{"host":"10.0.0.1","port":0}]}]}',
])("a value that another version has written is no memory: %j", async (value) => {
  const disk = openJournal();
  await disk.journal.commit([{ put: "meta", key: META_KEY, value }]);
  expect(await ids(disk)).toEqual([]);
});
