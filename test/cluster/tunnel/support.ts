import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import type { RoleKeeper } from "../../../src/cluster/membership/role.ts";
import type { PeerReply } from "../../../src/cluster/peer-route.ts";
import { isDialable } from "../../../src/cluster/peers/peer.ts";
import type { PeerClient, SendOptions } from "../../../src/cluster/peers/peer-client.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import type { Registry } from "../../../src/cluster/registry/registry.ts";
import { KIND, piecesOf } from "../../../src/cluster/tunnel/frame.ts";
import { IncomingTunnels } from "../../../src/cluster/tunnel/incoming-tunnels.ts";
import { Passage } from "../../../src/cluster/tunnel/passage.ts";
import { Relays } from "../../../src/cluster/tunnel/relays.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import type { MessageSocket } from "../../../src/platform/sockets.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { noMetrics } from "../../../src/telemetry/metrics.ts";
import { described } from "../peers/support.ts";

export const us = identityFromSeed(new Uint8Array(32).fill(1));
const ANSWERED = { status: 200, body: { status: 200, headers: {}, body: "{}" } };
export const REQUEST = { method: "GET", path: "/x", headers: {}, body: "" } as const;

interface Situation {
  readonly hub?: string;
  /** Before another node answers. */
  readonly wait?: () => Promise<void>;
  /** With what it answers then. */
  readonly answer?: PeerReply;
  readonly listed?: Readonly<Record<string, { relay?: string; status?: string }>>;
}

/** A node's relays, with what they need of the rest in the words of the test. */
export function relays({
  hub,
  listed = {},
  wait = async () => {},
  answer = ANSWERED,
}: Situation = {}) {
  const world = new SimulatedWorld({ seed: 1 });
  const { timers, clock } = world.addHost({ name: "a" }).boot();
  const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const sent: string[] = [];
  const asked: SendOptions[] = [];
  const client: Pick<PeerClient, "send" | "tunnels"> = {
    tunnels: { holds: () => false, ask: () => Promise.reject(new Error("replaced")) },
    send: async (nodeId, _method, _path, _body, options) => {
      sent.push(nodeId);
      asked.push(options);
      await wait();
      return { ...answer, rttMs: 1 };
    },
  };
  const role = { state: { role: hub === undefined ? "hub" : "worker", hub, via: undefined } };
  const registry = { get: (id: string) => listed[id] && { status: "online", ...listed[id] } };
  const tunnels = new IncomingTunnels({
    deps: { timers, log: silentLog },
    table,
    isMember: (id) => !id.startsWith("stranger"),
    ownHost: () => "10.0.0.1",
  });
  const made = new Relays({
    deps: {
      identity: us,
      timers,
      log: silentLog,
    } as ConstructorParameters<typeof Relays>[0]["deps"],
    table,
    client: client as PeerClient,
    registry: registry as unknown as Registry,
    role: role as RoleKeeper,
    tunnels,
    passage: new Passage({ clock, metrics: noMetrics }),
    meet: async () => true,
    meetDirectly: async (id) => isDialable(table.get(id)) === true,
    ownHost: () => "10.0.0.1",
    policy: () => ({ own: ["10.0.0.1"], onLoopback: false, onLinkLocal: false }),
  });
  const know = (id: string) => {
    table.ensure(id);
    table.update(id, { described: described(id) });
  };
  /** It can be dialled. */
  const met = (id: string) => {
    table.ensure(id);
    table.update(id, { dialled: { outcome: "ok", startedMs: 0 } });
  };
  /** It holds a tunnel that ends here; what goes down, and a sign of life that comes up. */
  const tunnel = (id: string) => {
    know(id);
    const down: unknown[] = [];
    const taker = { ...socket(), send: (message: unknown) => void down.push(message) };
    const { listener, open } = tunnels.accept({ signer: id, remoteAddress: "10.0.0.7" });
    open(taker);
    const pong = { kind: KIND.pong, stream: 0, content: new Uint8Array(0) };
    const live = () => {
      for (const piece of piecesOf(pong)) listener.onMessage(piece);
    };
    return { down, live };
  };
  return { made, tunnels, table, know, met, tunnel, sent, asked, world };
}

export const socket = (closed: string[] = []): MessageSocket => ({
  send: () => {},
  waitingBytes: 0,
  close: (_, reason) => closed.push(reason),
});
