import { describe, expect, test } from "bun:test";
import { RelayedViewers } from "../../src/api/relayed-viewer.ts";
import type { ServedSocket, SocketService } from "../../src/api/sockets.ts";
import type { TunnelViewer } from "../../src/cluster/tunnel/relay-end.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { clientOf } from "./client.ts";
import { FakeNode } from "./fakes.ts";

const WANTED = { nodeId: "node-b", tankId: "far-tank", source: "10.0.0.9", isRelayed: false };

/** A node that holds the tunnel of the one with the tank; counts who watches through it. */
function relayNode() {
  const node = new FakeNode();
  const context = node.context();
  const watching = new Set<TunnelViewer>();
  const tunnels = {
    ...context.cluster.tunnels,
    watch: (_nodeId: string, _path: string, _source: string, viewer: TunnelViewer) => {
      watching.add(viewer);
      return () => void watching.delete(viewer);
    },
  };
  node.context = () => ({ ...context, cluster: { ...context.cluster, tunnels } });
  return { node, watching, viewers: new RelayedViewers(node.context()) };
}

function socket(sent: string[], waiting = { bytes: 0 }): ServedSocket {
  return {
    send: (message) => void sent.push(String(message)),
    get waitingBytes() {
      return waiting.bytes;
    },
    subscribe: () => {},
    close: (code) => void sent.push(`closed ${code}`),
  };
}

function onlyOne(watching: ReadonlySet<TunnelViewer>): TunnelViewer {
  const [viewer] = watching;
  if (viewer === undefined || watching.size > 1) throw new Error(`${watching.size} watch`);
  return viewer;
}

test("a viewer with no handshake, or one that has left, leaves nothing behind", async () => {
  const { node, watching } = relayNode();
  const { ask } = clientOf(node);
  const headers = { upgrade: "websocket" };
  const refused = await ask("/ws/far-tank", { headers, upgrade: () => false });
  expect(refused.status).toBe(400);
  expect(watching.size).toBe(0);
  expect((await ask("/ws/far-tank", { headers, upgrade: () => true })).status).toBe(200);
  expect(watching.size).toBe(1);
});

test("what comes before the viewer's connection is open is sent then, and bounded", async () => {
  const { watching, viewers } = relayNode();
  const { viewer } = await viewers.admit(WANTED);
  const host = onlyOne(watching);
  for (let index = 0; index < 1_000; index++) host.onText(`frame ${index}`);
  const sent: string[] = [];
  viewer.onOpen(socket(sent));
  expect(sent[0]).toBe("frame 0");
  expect(sent.length).toBeLessThan(100);
  const { viewer: late } = await viewers.admit({ ...WANTED, source: "10.0.0.8" });
  const [, host2] = watching;
  for (let n = 0; n < 16; n++) host2?.onText("x".repeat(LIMITS.viewerBacklogBytesMax));
  const long: string[] = [];
  late.onOpen(socket(long));
  expect(long).toHaveLength(1);
});

test("a viewer that has left is sent nothing and keeps nothing, whatever arrives", async () => {
  const { watching, viewers } = relayNode();
  const { viewer } = await viewers.admit(WANTED);
  const host = onlyOne(watching);
  const sent: string[] = [];
  viewer.onOpen(socket(sent));
  viewer.onClose(1001, "");
  viewer.onClose(1001, "");
  expect(watching.size).toBe(0);
  host.onText("late");
  viewer.onOpen(socket(sent));
  expect(sent).toEqual([]);
});

test("a slow viewer misses frames", async () => {
  const { watching, viewers } = relayNode();
  const { viewer } = await viewers.admit(WANTED);
  const sent: string[] = [];
  const waiting = { bytes: LIMITS.tunnelBacklogBytesMax };
  viewer.onOpen(socket(sent, waiting));
  onlyOne(watching).onText("lost");
  waiting.bytes = 0;
  onlyOne(watching).onText("seen");
  expect(sent).toEqual(["seen"]);
});

describe("viewers of other nodes' tanks", () => {
  const SHARES = LIMITS.relayedViewersMax / LIMITS.relayedViewersPerSourceMax;
  const REFUSED = "Too many viewers watch other nodes' tanks";
  const wanted = (source: number | string, host: number) => ({
    ...WANTED,
    source: typeof source === "string" ? source : `10.0.0.${source}`,
    nodeId: `host-${host}`,
  });

  /** Lets one more in, after a while. */
  function admitting() {
    const { node, viewers } = relayNode();
    const admit = (...[source, host]: Parameters<typeof wanted>) => {
      node.nowMs += 1_000;
      return viewers.admit(wanted(source, host));
    };
    return { admit };
  }

  test("are counted, also those whose way fails", async () => {
    const { admit } = admitting();
    const admitted: SocketService[] = [];
    for (let index = 0; index < LIMITS.relayedViewersMax; index++) {
      admitted.push((await admit(index % SHARES, index % SHARES)).viewer);
    }
    await expect(admit(9, 9)).rejects.toThrow(REFUSED);
    admitted[0]?.onClose(1000, "");
    await admit(9, 9);
    const node = new FakeNode();
    const noWay = new RelayedViewers(node.context());
    for (let index = 0; index < LIMITS.relayedViewersMax + 1; index++) {
      node.nowMs += 1_000;
      await expect(noWay.admit(WANTED)).rejects.toThrow("does not answer");
    }
  });

  test("of one address, and of one host, have a share", async () => {
    const { admit } = admitting();
    for (let index = 0; index < LIMITS.relayedViewersPerSourceMax; index++) await admit(1, index);
    await expect(admit(1, 1_000)).rejects.toThrow(REFUSED);
    for (let index = 1; index < LIMITS.relayedViewersPerHostMax; index++) await admit(2, 0);
    await expect(admit(3, 0)).rejects.toThrow(REFUSED);
    await admit(3, 1);
  });

  test("that come by loopback share with nobody: a proxy may bring everybody", async () => {
    const { admit } = admitting();
    for (let index = 0; index < LIMITS.relayedViewersMax; index++) await admit("127.0.0.1", index);
    await expect(admit("127.0.0.1", 1_000)).rejects.toThrow(REFUSED);
  });

  test("come no faster than the hosts should be asked, whoever sends them", async () => {
    const node = new FakeNode();
    const viewers = new RelayedViewers(node.context());
    const asked = async (...[source, host]: Parameters<typeof wanted>) =>
      String(await viewers.admit(wanted(source, host)).catch((error: unknown) => error));
    for (let index = 0; index < LIMITS.relayedReadsBurstPerSource; index++) {
      expect(await asked(1, 1)).toContain("does not answer");
    }
    expect(await asked(1, 2)).toContain("slow down");
    for (let index = 0; index < LIMITS.relayedReadsBurstPerSource; index++) await asked(2, 1);
    expect(await asked(3, 1)).toContain("Too many requests to host-1");
    expect(await asked(3, 2)).toContain("does not answer");
    node.nowMs += 1_000;
    expect(await asked(1, 1)).toContain("does not answer");
  });
});
