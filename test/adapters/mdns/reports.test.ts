import { describe, expect, test } from "bun:test";
import { MdnsBackend } from "../../../src/adapters/mdns/backend.ts";
import { writeQuery, writeResponse } from "../../../src/adapters/mdns/message.ts";
import { TYPE_NAME } from "../../../src/adapters/mdns/records.ts";
import type { SocketEvents } from "../../../src/adapters/mdns/socket.ts";
import type { InterfaceAddress } from "../../../src/platform/machine.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { others } from "./station-support.ts";

const CARD: InterfaceAddress = {
  interfaceName: "eth0",
  address: "10.0.0.1",
  family: "IPv4",
  internal: false,
  prefixLength: 24,
  interfaceIndex: 2,
};
const WIFI = { ...CARD, interfaceName: "wlan0", address: "10.0.1.1", interfaceIndex: 3 };
const [question = new Uint8Array()] = writeQuery([{ name: TYPE_NAME, type: "PTR" }]);
const [printer = new Uint8Array()] = writeQuery([{ name: "_ipp._tcp.local", type: "PTR" }]);
const [browser = new Uint8Array()] = writeQuery([
  { name: "_services._dns-sd._udp.local", type: "PTR" },
]);

/** A backend that has started on these interfaces, whose packets come back or do not. */
async function setUp(addresses: readonly InterfaceAddress[], options = { echoes: true }) {
  const world = new SimulatedWorld({ seed: 1 });
  const process = world.addHost({ name: "a" }).boot();
  const sockets = new Map<string, SocketEvents>();
  const network: { failure: Error | undefined } = { failure: undefined };
  const backend = new MdnsBackend({
    ...process,
    machine: { ...process.machine, addresses: () => addresses },
    log: silentLog,
    openSocket: ({ interfaceName, ipv4 }, events) => {
      sockets.set(interfaceName, events);
      const own = { address: ipv4 ?? "", port: 5353 };
      return {
        send: async (bytes, to) => {
          if (network.failure) events.onFailure(network.failure);
          else if (options.echoes && to === undefined) events.onPacket(bytes, own);
        },
        close: () => {},
      };
    },
  });
  const announcement = { nodeId: "a", cluster: "tankd", version: "0", priority: 1, bootId: "b" };
  const at = [{ host: CARD.address, port: 8000 }];
  await backend.start({ ...announcement, role: "discovering", addresses: at }, () => {});
  await world.run(5_000);
  const hear = (bytes: Uint8Array, address: string, port = 5353, card = "eth0") =>
    sockets.get(card)?.onPacket(bytes, { address, port });
  const on = (name: string) => {
    const report = backend.links().find((link) => link.name === name);
    if (!report) throw new Error(`no report of ${name}`);
    const causes = report.causes.map(({ code }) => code);
    return { ...report, causes };
  };
  return { world, backend, network, hear, on };
}

describe("what a node tells of each network", () => {
  test("is what it has sent, and that nothing but its own has come back", async () => {
    const { on, backend } = await setUp([CARD, WIFI]);
    expect(on("eth0")).toMatchObject({ heard: 0, others: 0, refused: [] });
    expect(on("eth0").sent).toBeGreaterThanOrEqual(4);
    expect([on("eth0").causes, on("wlan0").causes]).toEqual([
      ["mdns_silence:eth0"],
      ["mdns_silence:wlan0"],
    ]);
    await backend.stop();
  });

  test("is that not even its own packets come back, as long as they do not", async () => {
    const options = { echoes: false };
    const { world, backend, on } = await setUp([CARD], options);
    const ask = async () => {
      backend.refresh();
      await world.run(world.nowMs + 20_000);
    };
    expect(on("eth0").causes).toEqual(["mdns_dropped_here:eth0"]);
    options.echoes = true;
    await ask();
    expect(on("eth0").causes).toEqual(["mdns_silence:eth0"]);
    options.echoes = false;
    for (let time = 0; time < 2; time++) await ask();
    expect(on("eth0").causes).toEqual(["mdns_dropped_here:eth0"]);
  });

  test("forgets whom it has not heard for minutes", async () => {
    const { world, on, hear } = await setUp([CARD]);
    hear(printer, "10.0.0.7");
    hear(writeResponse(others("x", ["cluster=reef"], "10.0.0.2")), "10.0.0.2");
    expect(on("eth0").causes).toEqual([]);
    await world.run(world.nowMs + 130_000);
    expect(on("eth0")).toMatchObject({ heard: 1, others: 1, causes: ["mdns_silence:eth0"] });
  });

  test("tells other nodes from other programs, and both from this machine", async () => {
    const { on, hear } = await setUp([CARD, WIFI]);
    hear(printer, "10.0.0.1");
    // Both cards may be on one wire: what comes by the other is no neighbour.
    hear(question, "10.0.1.1");
    expect(on("eth0")).toMatchObject({ heard: 0, others: 0 });
    hear(printer, "10.0.0.7");
    hear(browser, "10.0.0.7");
    expect(on("eth0")).toMatchObject({ heard: 0, others: 2, causes: ["mdns_only_others:eth0"] });
    hear(question, "10.0.0.2");
    expect(on("eth0")).toMatchObject({ heard: 1, causes: ["mdns_unanswered:eth0"] });
    const announcement = writeResponse(others("x", ["cluster=reef"], "10.0.0.2"));
    hear(announcement, "10.0.0.2");
    hear(announcement, "10.0.0.2");
    expect(on("eth0")).toMatchObject({ heard: 3, others: 2, causes: [] });
    expect(on("wlan0")).toMatchObject({ heard: 0, others: 0 });
  });

  test("names who speaks from another network, and counts what was not taken", async () => {
    const { on, hear } = await setUp([CARD]);
    hear(question, "192.168.7.9");
    hear(new Uint8Array(3), "10.0.0.2");
    hear(writeResponse(others("x", [])), "10.0.0.2", 40_000);
    expect(on("eth0")).toMatchObject({
      heard: 0,
      refused: [
        { reason: "from another network", count: 1 },
        { reason: "malformed", count: 2 },
      ],
      causes: ["mdns_other_network:eth0"],
    });
    for (let count = 0; count < 300; count++) hear(question, "10.0.0.2");
    const [, , tooMany] = on("eth0").refused;
    expect(tooMany?.reason).toBe("too many at once");
    expect(on("eth0").heard + (tooMany?.count ?? 0)).toBe(300);
  });

  test("is not what came in by another interface, which Linux hands to all sockets", async () => {
    const { on, hear } = await setUp([CARD, WIFI]);
    for (const packet of [question, printer]) hear(packet, "10.0.0.2", 5353, "wlan0");
    expect(on("wlan0")).toMatchObject({
      heard: 0,
      others: 0,
      refused: [],
      causes: ["mdns_silence:wlan0"],
    });
    hear(question, "192.168.7.9", 5353, "wlan0");
    expect(on("wlan0").causes).toEqual(["mdns_other_network:wlan0"]);
  });

  test("says what the system refuses to send, and keeps few reasons apart", async () => {
    const { world, backend, on, network } = await setUp([CARD]);
    const ask = async () => {
      backend.refresh();
      await world.run(world.nowMs + 20_000);
    };
    network.failure = new Error("send EADDRNOTAVAIL");
    backend.refresh();
    await world.run(world.nowMs + 600);
    network.failure = undefined;
    await ask();
    expect(on("eth0").refused).toEqual([]);
    network.failure = new Error("send EPERM");
    await ask();
    expect(on("eth0").refused).toMatchObject([{ reason: "send EPERM" }]);
    expect(on("eth0").causes).toEqual(["mdns_unusable:eth0"]);
    for (let number = 0; number < 20; number++) {
      network.failure = new Error(`failure ${number}`);
      await ask();
    }
    expect(on("eth0").refused).toHaveLength(7);
    expect(on("eth0").refused.at(-1)?.reason).toBe("other reasons");
  });
});
