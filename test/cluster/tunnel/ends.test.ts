import { describe, expect, test } from "bun:test";
import { KIND, piecesOf } from "../../../src/cluster/tunnel/frame.ts";
import type { RelayedReply } from "../../../src/cluster/tunnel/messages.ts";
import {
  type LocalService,
  NodeEnd,
  type RemoteViewer,
} from "../../../src/cluster/tunnel/node-end.ts";
import { RelayEnd } from "../../../src/cluster/tunnel/relay-end.ts";
import { Problem } from "../../../src/platform/errors.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { OwnRoom } from "../../../src/platform/room.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import type { MessageSocket, SocketListener } from "../../../src/platform/sockets.ts";

const REQUEST = { method: "GET", path: "/x", headers: {}, body: "" } as const;
const SOURCE = "10.0.0.9";

/** Both ends of a tunnel in one process, connected by what is called at once. */
function tunnel(service: Partial<LocalService> = {}) {
  const world = new SimulatedWorld({ seed: 1 });
  const { timers } = world.addHost({ name: "a" }).boot();
  const closed: string[] = [];
  const relayEnd = new RelayEnd(timers, new OwnRoom(LIMITS.tunnelUnfinishedBytesMax), (reason) =>
    closed.push(`relay: ${reason}`),
  );
  const nodeEnd = new NodeEnd(timers, {
    service: {
      answer: async ({ path }, source) => ({ status: 200, headers: {}, body: `${path} ${source}` }),
      watch: () => () => {},
      ...service,
    },
    sourceOf: (source) => source,
    onClosed: (reason) => closed.push(`node: ${reason}`),
  });
  const state = { isCut: false, waitingBytes: 0 };
  const socketTo = (listener: () => SocketListener): MessageSocket => ({
    send: (message) => {
      if (!state.isCut) listener().onMessage(message);
    },
    get waitingBytes() {
      return state.waitingBytes;
    },
    close: (code, reason) => {
      if (!state.isCut) listener().onClose(code, reason);
    },
  });
  relayEnd.open(socketTo(() => nodeEnd.listener));
  nodeEnd.open(socketTo(() => relayEnd.listener));
  return { world, relayEnd, nodeEnd, closed, state };
}

describe("a request down a tunnel", () => {
  test("is answered by the node behind it, and many at a time", async () => {
    const { relayEnd } = tunnel();
    const ask = (path: string) =>
      relayEnd.ask({ request: { ...REQUEST, path }, source: SOURCE }, 1_000);
    const replies = await Promise.all(["/a", "/b", "/c"].map(ask));
    expect(replies.map(({ body }) => body)).toEqual(
      ["/a", "/b", "/c"].map((path) => `${path} ${SOURCE}`),
    );
  });

  test("that is not answered in time is a timeout; its late answer is nobody's", async () => {
    let release: (reply: RelayedReply) => void = () => {};
    const { world, relayEnd } = tunnel({
      answer: () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    });
    const asked = relayEnd.ask({ request: REQUEST, source: SOURCE }, 1_000);
    const outcome = asked.catch((error: unknown) => String(error));
    await world.run(2_000);
    expect(await outcome).toContain("no answer through the tunnel in 1000 ms");
    release({ status: 200, headers: {}, body: "late" });
    await world.run(3_000);
  });

  test("fails when the tunnel ends, and is not even begun afterwards", async () => {
    const { relayEnd, nodeEnd, closed } = tunnel({ answer: () => new Promise(() => {}) });
    const asked = relayEnd.ask({ request: REQUEST, source: SOURCE }, 1_000);
    nodeEnd.close("moved");
    expect(asked).rejects.toThrow("the tunnel has ended");
    expect(relayEnd.ask({ request: REQUEST, source: SOURCE }, 1_000)).rejects.toThrow("ended");
    expect(closed).toEqual(["relay: moved", "node: moved"]);
  });

  test("is refused where too many wait", async () => {
    const { relayEnd } = tunnel({ answer: () => new Promise(() => {}) });
    const ask = () => relayEnd.ask({ request: REQUEST, source: SOURCE }, 1_000);
    const outcomes: unknown[] = [];
    for (let index = 0; index < LIMITS.tunnelRequestsMax + 1; index++) {
      ask().catch((error: unknown) => outcomes.push(String(error)));
    }
    await Promise.resolve();
    await Promise.resolve();
    expect(outcomes).toHaveLength(1);
  });

  test("is refused where too many of one asker wait, and others have their share", async () => {
    const { relayEnd, nodeEnd } = tunnel({ answer: () => new Promise(() => {}) });
    const ask = (share: string) =>
      relayEnd.ask({ request: REQUEST, source: SOURCE }, 1_000, share).catch(String);
    for (let index = 0; index < LIMITS.tunnelRequestsPerSourceMax; index++) void ask("one");
    expect(await ask("one")).toContain("too many requests wait");
    const other = ask("other");
    nodeEnd.close("moved");
    expect(await other).toContain("the tunnel has ended");
  });

  test("is not begun by the node where a relay asks more than relays do", async () => {
    let begun = 0;
    const { relayEnd, nodeEnd } = tunnel({
      answer: () => {
        begun++;
        return new Promise(() => {});
      },
    });
    const replies: unknown[] = [];
    const asked = relayEnd.ask({ request: REQUEST, source: SOURCE }, 1_000);
    void asked.then((reply) => replies.push(reply));
    for (let index = 0; index < 2 * LIMITS.tunnelRequestsMax; index++) {
      const content = new TextEncoder().encode(
        JSON.stringify({ request: REQUEST, source: SOURCE }),
      );
      for (const piece of piecesOf({ kind: KIND.request, stream: 1, content })) {
        nodeEnd.listener.onMessage(piece);
      }
    }
    await Bun.sleep(0);
    expect(begun).toBe(LIMITS.tunnelRequestsMax);
    expect(replies).toEqual([{ status: 503, headers: {}, body: "" }]);
  });
});

describe("on a line that is too slow", () => {
  test("nothing is asked: the server would close the tunnel for what waits in it", () => {
    const { relayEnd, state } = tunnel();
    state.waitingBytes = LIMITS.tunnelBacklogBytesMax + 1;
    const asked = relayEnd.ask({ request: REQUEST, source: SOURCE }, 1_000);
    expect(asked).rejects.toThrow("too slow");
  });

  test("answers are not kept in the node's memory without bound", async () => {
    const { relayEnd, state } = tunnel();
    const asked = relayEnd.ask({ request: REQUEST, source: SOURCE }, 1_000);
    state.waitingBytes = LIMITS.tunnelUnfinishedBytesMax + 1;
    expect(await asked).toEqual({ status: 503, headers: {}, body: "" });
  });

  test("the tunnel ends when more waits than either end says by itself", () => {
    const { nodeEnd, closed, state } = tunnel();
    const ping = (n: number) => Uint8Array.of(KIND.ping, 0, 0, 0, n);
    nodeEnd.listener.onMessage(ping(0));
    state.waitingBytes = LIMITS.tunnelWaitingBytesMax + 1;
    expect(closed).toEqual([]);
    // It has nothing to say but its answers, which somebody asks for and does not read.
    nodeEnd.listener.onMessage(ping(0));
    expect(closed).toEqual(["relay: too slow", "node: too slow"]);
  });
});

describe("a viewer through a tunnel", () => {
  test("is shown what the node shows, until either of them ends it", () => {
    let remote: RemoteViewer | undefined;
    let stopped = 0;
    const { relayEnd } = tunnel({
      watch: (_path, _source, viewer) => {
        remote = viewer;
        return () => void stopped++;
      },
    });
    const seen: string[] = [];
    const viewer = {
      onText: (text: string) => seen.push(text),
      onEnd: (code: number, reason: string) => seen.push(`${code} ${reason}`),
    };
    const stop = relayEnd.watch({ path: "/ws/t", source: SOURCE }, viewer);
    remote?.send("one");
    stop();
    expect(stopped).toBe(1);
    remote?.send("nobody looks");
    relayEnd.watch({ path: "/ws/t", source: SOURCE }, viewer);
    remote?.end(4404, "the tank was removed");
    expect(seen).toEqual(["one", "4404 the tank was removed"]);
  });

  test("of what is not there is told so", () => {
    const { relayEnd } = tunnel({
      watch: () => {
        throw new Problem("unknown_tank", "There is no tank t.");
      },
    });
    const seen: string[] = [];
    relayEnd.watch(
      { path: "/ws/t", source: SOURCE },
      { onText: () => {}, onEnd: (code, reason) => seen.push(`${code} ${reason}`) },
    );
    expect(seen).toEqual(["4404 There is no tank t."]);
  });

  test("is one of a bounded number, and one address has a share of that", () => {
    const { relayEnd } = tunnel();
    let refused = 0;
    const watch = (share?: string) =>
      relayEnd.watch(
        { path: "/ws/t", source: SOURCE },
        { onText: () => {}, onEnd: () => refused++ },
        share,
      );
    const stops = Array.from({ length: LIMITS.tunnelViewersPerSourceMax }, () => watch("one"));
    watch("one");
    expect(refused).toBe(1);
    watch("other");
    expect(refused).toBe(1);
    stops[0]?.();
    stops[0]?.();
    watch("one");
    expect(refused).toBe(1);
    watch("one");
    expect(refused).toBe(2);
    for (let index = 0; index < LIMITS.tunnelViewersMax; index++) watch();
    expect(refused).toBeGreaterThan(LIMITS.tunnelViewersPerSourceMax);
  });

  test("is shown no message that no viewer could be sent", () => {
    let remote: RemoteViewer | undefined;
    const { relayEnd, closed } = tunnel({
      watch: (_path, _source, viewer) => {
        remote = viewer;
        return () => {};
      },
    });
    const seen: number[] = [];
    const viewer = { onText: (text: string) => seen.push(text.length), onEnd: () => {} };
    relayEnd.watch({ path: "/ws/t", source: SOURCE }, viewer);
    remote?.send("x".repeat(LIMITS.viewerBacklogBytesMax));
    remote?.send("x".repeat(LIMITS.viewerBacklogBytesMax + 1));
    expect(seen).toEqual([LIMITS.viewerBacklogBytesMax]);
    expect(closed).toContain("relay: too long a message");
  });

  test("on a slow line misses frames, and the memory does not fill", () => {
    let remote: RemoteViewer | undefined;
    const { relayEnd, state } = tunnel({
      watch: (_path, _source, viewer) => {
        remote = viewer;
        return () => {};
      },
    });
    const seen: string[] = [];
    const viewer = { onText: (text: string) => seen.push(text), onEnd: () => {} };
    relayEnd.watch({ path: "/ws/t", source: SOURCE }, viewer);
    state.waitingBytes = LIMITS.tunnelBacklogBytesMax + 1;
    remote?.send("lost");
    state.waitingBytes = 0;
    remote?.send("seen");
    expect(seen).toEqual(["seen"]);
  });
});

describe("a tunnel", () => {
  test("stays open while nothing is said, and both ends notice when it is cut", async () => {
    const { world, closed, state } = tunnel();
    await world.run(300_000);
    expect(closed).toEqual([]);
    state.isCut = true;
    await world.run(400_000);
    expect(closed.toSorted()).toEqual(["node: silent", "relay: silent"]);
  });

  test("ends with the first word that no tunnel says", () => {
    for (const nonsense of ["text", Uint8Array.of(200, 0, 0, 0, 0), new Uint8Array(0)]) {
      const { relayEnd, closed } = tunnel();
      relayEnd.listener.onMessage(nonsense);
      expect(closed).toContain("relay: not a tunnel");
    }
  });
});
