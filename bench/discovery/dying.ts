/** How long a machine that has lost its power is still nominated to another. */
import { join } from "node:path";
import { Station } from "../../test/adapters/mdns/machines.ts";
import { must } from "../../test/support/commands.ts";
import type { Flags } from "./backends.ts";
import { serfMembers } from "./servers.ts";
import type { World } from "./world.ts";

export interface Death {
  /** From the kill to the last nomination; undefined when they did not end. */
  readonly nominatedMs: number | undefined;
  /** From the kill until the agent lists the other one as failed; only of Serf. */
  readonly failedMs: number | undefined;
}

const STATION = join(import.meta.dir, "station.ts");
const PORT = 8000;
/** All who are not taken for gone are nominated again: what a node asks for that lost its hub. */
const REFRESH_MS = 1_000;
/** As many refreshes that bring no nomination, and there will be no more. */
const SILENT_LOOKS = 5;
/** For the first words of both: announcements, and events of Serf. */
const SETTLE_MS = 5_000;
const VICTIM = "victim";
const WITNESS = "witness";

/** Backends that take somebody for gone after a time. */
export const EXPIRING: readonly string[] = ["mdns", "serf", "etcd", "consul"];

/** The backend alone, without a node, on two machines. */
export async function measureDeath(
  world: World,
  flags: Flags,
  limitSeconds: number,
): Promise<Death> {
  const { lab, first, second } = world;
  // The name of the backend, and the URL of its server where it has one.
  const told = flags(first, second).filter((word) => !word.startsWith("--"));
  const [witness, victim] = [
    new Station(lab.network.nameOf(first.number), WITNESS, PORT, [STATION, ...told]),
    new Station(lab.network.nameOf(second.number), VICTIM, PORT, [STATION, ...told]),
  ];
  try {
    await witness.hears(VICTIM);
    await Bun.sleep(SETTLE_MS);
    const killedMs = performance.now();
    await cutPower(lab.network.nameOf(second.number));
    const agentFails =
      told[0] === "serf" ? async () => (await serfMembers(first, "failed")) > 0 : undefined;
    return await watch(witness, { killedMs, limitSeconds, agentFails });
  } finally {
    await Promise.all([witness.kill(), victim.kill()]);
  }
}

interface Watched {
  readonly killedMs: number;
  readonly limitSeconds: number;
  readonly agentFails: (() => Promise<boolean>) | undefined;
}

async function watch(
  witness: Station,
  { killedMs, limitSeconds, agentFails }: Watched,
): Promise<Death> {
  let [nominatedMs, failedMs]: (number | undefined)[] = [0, undefined];
  let silentLooks = 0;
  while (silentLooks < SILENT_LOOKS) {
    const sinceKillMs = performance.now() - killedMs;
    if (sinceKillMs > limitSeconds * 1000) return { nominatedMs: undefined, failedMs };
    if (await agentFails?.()) failedMs ??= sinceKillMs;
    witness.heard.length = 0;
    witness.refresh();
    await Bun.sleep(REFRESH_MS);
    if (witness.heard.some(({ nodeId }) => nodeId === VICTIM)) {
      nominatedMs = performance.now() - killedMs;
      silentLooks = 0;
    } else silentLooks++;
  }
  return { nominatedMs, failedMs };
}

/** kill -9 for all that runs on a machine, agents included. */
async function cutPower(namespace: string): Promise<void> {
  const pids = (await must("ip", "netns", "pids", namespace)).split("\n").filter(Boolean);
  for (const pid of pids) process.kill(Number(pid), "SIGKILL");
}
