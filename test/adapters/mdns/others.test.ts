import { describe, expect } from "bun:test";
import { machineTest, type Station } from "./machines.ts";
import { Avahi, startZeroconf, whyNoZeroconf } from "./others.ts";

const OTHERS = ["txtvers=1", "id=published", "cluster=other", "role=worker", "prio=5", "boot=b1"];

describe("other implementations of mDNS", () => {
  machineTest(
    "avahi resolves us, and we find what it publishes",
    async (machines) => {
      const [a] = machines.pair("10.78.0.1/24", "10.78.0.2/24");
      const avahi = new Avahi(machines, "b");
      avahi.start();
      avahi.publish("published", 8123, ...OTHERS);
      const seen = avahi.browse();
      const resolved = await seen.find(
        (line) => line.startsWith("=;eth0;IPv4;a;") && line.includes("10.78.0.1"),
      );
      expect(resolved).toContain(";_tankd._tcp;local;a.local;10.78.0.1;8000;");
      for (const text of ['"id=a"', '"role=discovering"', '"boot='])
        expect(resolved).toContain(text);
      await heardOf(a, "published", "other", "10.78.0.2", 8123);
      a.announce("hub");
      await seen.find((line) => line.startsWith("=;eth0;IPv4;a;") && line.includes('"role=hub"'));
    },
    Avahi.whyNot(),
  );

  machineTest(
    "python-zeroconf resolves us, and we find what it publishes",
    async (machines) => {
      const [a] = machines.pair("10.78.0.1/24", "10.78.0.2/24");
      const lines = startZeroconf(machines, "b", "published", "10.78.0.2");
      const found = await lines.find((line) => line.includes('"a._tankd._tcp.local."'));
      expect(JSON.parse(found)).toMatchObject({
        port: 8000,
        server: "a.local.",
        addresses: expect.arrayContaining(["10.78.0.1"]),
        text: { id: "a", cluster: "tankd", role: "discovering", boot: expect.any(String) },
      });
      await heardOf(a, "published", "tankd", "10.78.0.2", 8123);
      expect(await a.stop()).toBe(0);
      await lines.find((line) => line.includes('"removed": "a._tankd._tcp.local."'));
    },
    whyNoZeroconf(),
  );
});

async function heardOf(
  station: Station,
  nodeId: string,
  cluster: string,
  host: string,
  port: number,
): Promise<void> {
  const heard = await station.hears(nodeId, ({ addresses }) =>
    addresses.some((one) => one.host === host && one.port === port),
  );
  expect(heard.cluster).toBe(cluster);
}
