import { expect, test } from "bun:test";
import { ClusterEvents } from "../../../src/cluster/events.ts";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import type { RoleKeeper, RoleState } from "../../../src/cluster/membership/role.ts";
import { PeerSockets } from "../../../src/cluster/peers/peer-sockets.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { KIND, piecesOf } from "../../../src/cluster/tunnel/frame.ts";
import { TunnelKeeper, type TunnelKeeperDeps } from "../../../src/cluster/tunnel/keeper.ts";
import { NetworkError } from "../../../src/platform/network.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import type { SocketListener, SocketRequest } from "../../../src/platform/sockets.ts";
import { silentLog } from "../../../src/telemetry/log.ts";

/** Whom it follows, and through whom. */
type Following = Pick<RoleState, "role" | "hub" | "via">;

const [PONG = ""] = piecesOf({ kind: KIND.pong, stream: 0, content: new Uint8Array(0) });
const AT_HUB = { host: "10.0.0.2", port: 8000 };
const AT_OTHER = { host: "10.0.0.3", port: 8000 };

/** A worker that a hub leads. `onConnect` is what becomes of its connections. */
function worker(onConnect: (listener: SocketListener, origin: string) => void = () => {}) {
  const world = new SimulatedWorld({ seed: 1 });
  const process = world.addHost({ name: "a" }).boot();
  const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const events = new ClusterEvents();
  const asked: SocketRequest[] = [];
  /** Where its connections lead that it has not ended. */
  const open: string[] = [];
  const deps = {
    ...process,
    identity: identityFromSeed(new Uint8Array(32).fill(1)),
    settings: { timing: { discoveryTimeoutMs: 1_000 } },
    log: silentLog,
    sockets: {
      connect: async (request: SocketRequest, listener: SocketListener) => {
        asked.push(request);
        onConnect(listener, request.origin);
        open.push(request.origin);
        const close = () => void open.splice(open.indexOf(request.origin), 1);
        // All that it is sent are pings.
        const send = () => listener.onMessage(PONG);
        return { send, waitingBytes: 0, close };
      },
    },
  };
  const role = { state: {} } as { state: Following };
  const policy = () => ({ own: [], onLoopback: false, onLinkLocal: false });
  const peerSockets = new PeerSockets(deps, table);
  const settings = deps.settings as TunnelKeeperDeps["deps"]["settings"];
  const keeper = new TunnelKeeper({
    deps: { ...deps, settings },
    events,
    table,
    role: role as RoleKeeper,
    peerSockets,
    policy,
  });
  keeper.serveWith({
    answer: async () => ({ status: 200, headers: {}, body: "" }),
    watch: () => () => {},
  });
  for (const id of ["hub", "other"]) {
    table.ensure(id);
    const key = { publicKey: "", clockOffsetMs: 0, startOffsetMs: 0, takesUnbound: true };
    table.update(id, { key });
  }
  const follow = (following: Following) => {
    role.state = following;
    events.emit({ kind: "role_changed" } as Parameters<typeof events.emit>[0]);
  };
  const hear = (nodeId = "hub", dialable = false) =>
    events.emit({ kind: "pinged", nodeId, dialable });
  const pass = (ms: number) => world.run(world.nowMs + ms);
  follow({ role: "worker", hub: "hub", via: undefined });
  return { pass, table, keeper, asked, open, hear, follow };
}

test("a hub that ends a tunnel with its first word is no relay, and is asked again", async () => {
  let isKind = false;
  const { pass, table, keeper, asked, hear } = worker((listener) => {
    if (!isKind) listener.onMessage("this is no tunnel");
  });
  table.noteWorked("hub", AT_HUB, 0);
  hear();
  await pass(500);
  expect(asked).toHaveLength(1);
  expect(keeper.relay).toBeUndefined();
  isKind = true;
  await pass(5_000);
  expect(keeper.relay).toBe("hub");
});

test("a tunnel goes to an address that was judged, not to a name that was not", async () => {
  const { pass, table, asked, hear } = worker();
  table.addAddresses("hub", [{ host: "rebound.example", port: 80 }], "self");
  hear();
  await pass(5_000);
  expect(asked).toEqual([]);
});

test("a hub whose first address takes no tunnel is asked at its others", async () => {
  const { pass, table, keeper, asked, hear } = worker((_, origin) => {
    if (origin.includes(AT_HUB.host)) throw new NetworkError("unreachable", "no way there");
  });
  table.addAddresses("hub", [AT_HUB, AT_OTHER], "self");
  hear();
  await pass(500);
  expect(keeper.relay).toBe("hub");
  const origins = ["http://10.0.0.2:8000", "http://10.0.0.3:8000"];
  expect(asked.map(({ origin }) => origin)).toEqual(origins);
});

test("a change of hub moves the tunnel; the old one closes once the new one stands", async () => {
  let isThere = false;
  const { pass, table, keeper, open, hear, follow } = worker((_, origin) => {
    const isNew = origin.includes(AT_OTHER.host);
    if (isNew && !isThere) throw new NetworkError("unreachable", "not yet");
  });
  table.noteWorked("hub", AT_HUB, 0);
  table.noteWorked("other", AT_OTHER, 0);
  hear();
  await pass(500);
  follow({ role: "worker", hub: "other", via: undefined });
  await pass(500);
  expect(keeper.relay).toBe("hub");
  expect(open).toEqual(["http://10.0.0.2:8000"]);
  isThere = true;
  await pass(5_000);
  expect(keeper.relay).toBe("other");
  expect(open).toEqual(["http://10.0.0.3:8000"]);
});

test("a node that the hub can dial for half a minute gives its tunnel up", async () => {
  const { pass, table, keeper, open, hear } = worker();
  table.noteWorked("hub", AT_HUB, 0);
  hear();
  await pass(500);
  for (const [dialable, seconds, relay] of [
    [true, 20, "hub"],
    [false, 20, "hub"],
    [true, 20, "hub"],
    [true, 15, undefined],
  ] as const) {
    for (let second = 0; second < seconds; second++) {
      hear("hub", dialable);
      await pass(1_000);
    }
    expect(keeper.relay).toBe(relay);
  }
  expect(open).toEqual([]);
});

test("who follows its hub through another node holds the tunnel to that one", async () => {
  const { pass, table, keeper, open, hear, follow } = worker();
  table.noteWorked("hub", AT_HUB, 0);
  table.noteWorked("other", AT_OTHER, 0);
  follow({ role: "worker", hub: "hub", via: "other" });
  hear("hub");
  await pass(500);
  expect(keeper.relay).toBeUndefined();
  hear("other");
  await pass(500);
  expect(keeper.relay).toBe("other");
  expect(open).toEqual(["http://10.0.0.3:8000"]);
});
