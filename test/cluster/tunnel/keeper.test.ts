import { expect, test } from "bun:test";
import { ClusterEvents } from "../../../src/cluster/events.ts";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import type { RoleKeeper } from "../../../src/cluster/membership/role.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { TunnelKeeper, type TunnelKeeperDeps } from "../../../src/cluster/tunnel/keeper.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import type { SocketListener, SocketRequest } from "../../../src/platform/sockets.ts";
import { silentLog } from "../../../src/telemetry/log.ts";

/** A worker whose hub cannot dial it. `onConnect` is what the hub does with its connections. */
function worker(onConnect: (listener: SocketListener) => void) {
  const world = new SimulatedWorld({ seed: 1 });
  const process = world.addHost({ name: "a" }).boot();
  const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const events = new ClusterEvents();
  const asked: SocketRequest[] = [];
  const deps = {
    ...process,
    identity: identityFromSeed(new Uint8Array(32).fill(1)),
    settings: { timing: { discoveryTimeoutMs: 1_000 } },
    log: silentLog,
    sockets: {
      connect: async (request: SocketRequest, listener: SocketListener) => {
        asked.push(request);
        onConnect(listener);
        return { send: () => {}, waitingBytes: 0, close: () => {} };
      },
    },
  } as unknown as TunnelKeeperDeps["deps"];
  const role = { state: { role: "worker", hub: "hub", via: undefined } } as RoleKeeper;
  const policy = () => ({ own: [], onLoopback: false, onLinkLocal: false });
  const keeper = new TunnelKeeper({ deps, events, table, role, policy });
  keeper.serveWith({
    answer: async () => ({ status: 200, headers: {}, body: "" }),
    watch: () => () => {},
  });
  table.ensure("hub");
  const key = { publicKey: "", clockOffsetMs: 0, startOffsetMs: 0, takesUnbound: true };
  table.update("hub", { key });
  events.emit({ kind: "role_changed" } as Parameters<typeof events.emit>[0]);
  const hear = () =>
    events.emit({ kind: "pinged", nodeId: "hub", dialable: false } as Parameters<
      typeof events.emit
    >[0]);
  return { world, table, keeper, asked, hear };
}

test("a hub that ends a tunnel with its first word is no relay, and is asked again", async () => {
  let isKind = false;
  const { world, table, keeper, asked, hear } = worker((listener) => {
    if (!isKind) listener.onMessage("this is no tunnel");
  });
  table.noteWorked("hub", { host: "10.0.0.2", port: 8000 }, 0);
  hear();
  await world.run(500);
  expect(asked).toHaveLength(1);
  expect(keeper.relay).toBeUndefined();
  isKind = true;
  await world.run(5_000);
  expect(keeper.relay).toBe("hub");
});

test("a tunnel goes to an address that was judged, not to a name that was not", async () => {
  const { world, table, asked, hear } = worker(() => {});
  table.addAddresses("hub", [{ host: "rebound.example", port: 80 }], "self");
  hear();
  await world.run(5_000);
  expect(asked).toEqual([]);
});
