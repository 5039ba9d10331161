import { createInterface } from "node:readline";
import { MdnsBackend } from "../../../src/adapters/mdns/backend.ts";
import { advertisedAddresses } from "../../../src/discovery/addresses.ts";
import type { Announcement } from "../../../src/discovery/backend.ts";
import { createRealPlatform } from "../../../src/platform/real/platform.ts";
import { silentLog } from "../../../src/telemetry/log.ts";

/**
 * A process that announces itself by mDNS and prints what it hears, one JSON line each: for tests
 * in network namespaces. Arguments: node id, port. Each line on stdin is a role to change to, or
 * `status`, which is answered by a line; the end of stdin is the end.
 */
const [nodeId = "nobody", port = ""] = process.argv.slice(2);
const platform = createRealPlatform();
const { machine } = platform;
const backend = new MdnsBackend({ ...platform, log: silentLog });
const bootId = crypto.randomUUID().slice(0, 16);
/** As the cluster does it. */
const ADDRESS_CHECK_MS = 250;

let role: Announcement["role"] = "discovering";
let announced = "";

function announcement(): Announcement {
  const addresses = advertisedAddresses({
    port: Number(port),
    listenHost: undefined,
    advertise: [],
    interfaces: machine.addresses(),
    defaultRouteInterface: machine.defaultRouteInterface(),
  });
  const fixed = { nodeId, cluster: "tankd", version: "0.1.0", priority: 100, bootId };
  return { ...fixed, role, addresses };
}

function update(): void {
  const now = announcement();
  if (JSON.stringify(now) === announced) return;
  announced = JSON.stringify(now);
  backend.update(now);
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

await backend.start(announcement(), print);
print({ status: backend.describe(), working: backend.isWorking() });
const following = setInterval(update, ADDRESS_CHECK_MS);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "hub" || line === "worker") {
    role = line;
    update();
  } else if (line === "refresh") backend.refresh();
  else print({ status: backend.describe(), working: backend.isWorking() });
}
clearInterval(following);
await backend.stop();
process.exit(0);
