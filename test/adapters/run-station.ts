import { createInterface } from "node:readline";
import { advertisedAddresses } from "../../src/discovery/addresses.ts";
import type { Announcement, DiscoveryBackend } from "../../src/discovery/backend.ts";
import { createRealPlatform, type RealPlatform } from "../../src/platform/real/platform.ts";

/** As the cluster does it. */
const ADDRESS_CHECK_MS = 250;

/**
 * A process that announces itself by one backend and prints what it hears, one JSON line each: for
 * tests in network namespaces. Arguments: node id, port, and those for `create`. Each line on stdin
 * is a role to change to, `refresh`, or `status`, which is answered by a line; the end of stdin is
 * the end. A start that fails is a status, too.
 */
export async function runStation(
  create: (platform: RealPlatform, more: readonly string[]) => DiscoveryBackend,
): Promise<never> {
  const [nodeId = "nobody", port = "", ...more] = process.argv.slice(2);
  const platform = createRealPlatform();
  const { machine } = platform;
  const backend = create(platform, more);
  const bootId = crypto.randomUUID().slice(0, 16);
  let role: Announcement["role"] = "discovering";
  let announced = "";

  const announcement = (): Announcement => {
    const addresses = advertisedAddresses({
      port: Number(port),
      listenHost: undefined,
      advertise: [],
      interfaces: machine.addresses(),
      defaultRouteInterface: machine.defaultRouteInterface(),
    });
    const fixed = { nodeId, cluster: "tankd", version: "0.1.0", priority: 100, bootId };
    return { ...fixed, role, addresses };
  };
  const update = () => {
    const now = announcement();
    if (JSON.stringify(now) === announced) return;
    announced = JSON.stringify(now);
    backend.update(now);
  };
  const say = () => print({ status: backend.describe?.(), working: backend.isWorking?.() });

  try {
    await backend.start(announcement(), print);
  } catch (error) {
    print({ status: String(error), working: false });
    process.exit(1);
  }
  say();
  const following = setInterval(update, ADDRESS_CHECK_MS);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "hub" || line === "worker") {
      role = line;
      update();
    } else if (line === "refresh") backend.refresh();
    else say();
  }
  clearInterval(following);
  await backend.stop();
  process.exit(0);
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
