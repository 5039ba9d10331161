import { expect, test } from "bun:test";
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
  const viewer = await viewers.admit(WANTED);
  const host = onlyOne(watching);
  for (let index = 0; index < 1_000; index++) host.onText(`frame ${index}`);
  const sent: string[] = [];
  viewer.onOpen(socket(sent));
  expect(sent[0]).toBe("frame 0");
  expect(sent.length).toBeLessThan(100);
});

test("a viewer that has left is sent nothing and keeps nothing, whatever arrives", async () => {
  const { watching, viewers } = relayNode();
  const viewer = await viewers.admit(WANTED);
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
  const viewer = await viewers.admit(WANTED);
  const sent: string[] = [];
  const waiting = { bytes: LIMITS.tunnelBacklogBytesMax };
  viewer.onOpen(socket(sent, waiting));
  onlyOne(watching).onText("lost");
  waiting.bytes = 0;
  onlyOne(watching).onText("seen");
  expect(sent).toEqual(["seen"]);
});

test("viewers of other nodes' tanks are counted, also those whose way fails", async () => {
  const { viewers } = relayNode();
  const admitted: SocketService[] = [];
  for (let index = 0; index < LIMITS.relayedViewersMax; index++) {
    admitted.push(await viewers.admit(WANTED));
  }
  expect(viewers.admit(WANTED)).rejects.toThrow("Too many watch other nodes' tanks");
  admitted[0]?.onClose(1000, "");
  await viewers.admit(WANTED);
  const noWay = new RelayedViewers(new FakeNode().context());
  for (let index = 0; index < LIMITS.relayedViewersMax + 1; index++) {
    await expect(noWay.admit(WANTED)).rejects.toThrow("does not answer");
  }
});
