import { createInterface } from "node:readline";
import { advertisedAddresses } from "../../../src/discovery/addresses.ts";
import type { Announcement } from "../../../src/discovery/backend.ts";
import { MdnsBackend } from "../../../src/discovery/mdns/backend.ts";
import { createRealPlatform } from "../../../src/platform/real/platform.ts";
import { silentLog } from "../../../src/telemetry/log.ts";

/**
 * A process that announces itself by mDNS and prints what it hears, one JSON line each: for tests in
 * network namespaces. Arguments: node id, cluster. Each line on stdin is a role to change to; the end
 * of stdin is the end.
 */
const [nodeId = "nobody", cluster = "tankd"] = process.argv.slice(2);
const { timers, machine } = createRealPlatform();
const backend = new MdnsBackend({ timers, machine, log: silentLog });

function announcement(role: Announcement["role"]): Announcement {
  const addresses = advertisedAddresses({
    port: 8000,
    listenHost: undefined,
    advertise: [],
    interfaces: machine.addresses(),
    defaultRouteInterface: machine.defaultRouteInterface(),
  });
  return { nodeId, cluster, version: "0.1.0", role, priority: 100, bootId: "boot", addresses };
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

await backend.start(announcement("discovering"), print);
print("started");
const lines = createInterface({ input: process.stdin });
for await (const line of lines) backend.update(announcement(line === "hub" ? "hub" : "worker"));
await backend.stop();
process.exit(0);
