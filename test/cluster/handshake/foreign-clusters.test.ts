import { expect, test } from "bun:test";
import { ForeignClusters } from "../../../src/cluster/handshake/foreign-clusters.ts";

function setUp() {
  const time = { nowMs: 0 };
  const clock = { wallMs: () => 0, monotonicMs: () => time.nowMs };
  const foreign = new ForeignClusters(clock);
  const note = (cluster: string, nodeId?: string, backend = "mdns") =>
    foreign.note(cluster, {
      backend,
      addresses: [{ host: "10.0.0.2", port: 8000 }],
      ...(nodeId === undefined ? {} : { nodeId }),
    });
  return { time, foreign, note };
}

test("nodes of other clusters are counted by name, each once, until they are gone", () => {
  const { time, foreign, note } = setUp();
  note("reef", "a");
  note("reef", "a");
  note("reef", "b", "dns");
  note("pond");
  expect(foreign.list()).toEqual([
    { name: "reef", nodes: 2, backends: ["mdns", "dns"] },
    { name: "pond", nodes: 1, backends: ["mdns"] },
  ]);
  time.nowMs = 100_000;
  note("reef", "a");
  time.nowMs = 150_000;
  expect(foreign.list()).toEqual([{ name: "reef", nodes: 1, backends: ["mdns"] }]);
});

test("invented names and nodes take no room", () => {
  const { foreign, note } = setUp();
  for (let number = 0; number < 1_000; number++) note(`cluster ${number}`, "a");
  for (let number = 0; number < 1_000; number++) note("x".repeat(10_000), `node ${number}`);
  const list = foreign.list();
  expect(list.length).toBe(8);
  expect(list.at(-1)).toMatchObject({ name: "x".repeat(64), nodes: 64 });
});
