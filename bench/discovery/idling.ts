/** What two nodes without fish cost once they have found each other. */
import { readFileSync } from "node:fs";
import { CALM_MS } from "../cluster/gathering.ts";
import { median } from "../measure.ts";
import { usedMs } from "../proc.ts";
import type { Flags } from "./backends.ts";
import { startPair } from "./joining.ts";
import type { World } from "./world.ts";

/** Of one node in an hour, the mean of both. */
export interface Idle {
  readonly cpuSeconds: number;
  /** Sent and received on the machine's card, by whatever runs there. */
  readonly bytes: number;
}

const WINDOWS = 3;
const HOUR_SECONDS = 3600;

/** Medians of three windows, once the cluster is calm. */
export async function measureIdle(world: World, flags: Flags, seconds: number): Promise<Idle> {
  await startPair(world, flags);
  await Bun.sleep(CALM_MS);
  const windows: Idle[] = [];
  for (let window = 0; window < WINDOWS; window++) {
    const [before, beganMs] = [spentBy(world), performance.now()];
    await Bun.sleep(seconds * 1000);
    const after = spentBy(world);
    const hours = (performance.now() - beganMs) / 1000 / HOUR_SECONDS;
    windows.push({
      cpuSeconds: (after.cpuSeconds - before.cpuSeconds) / hours,
      bytes: (after.bytes - before.bytes) / hours,
    });
  }
  return {
    cpuSeconds: median(windows.map(({ cpuSeconds }) => cpuSeconds)),
    bytes: median(windows.map(({ bytes }) => bytes)),
  };
}

function spentBy({ first, second }: World): Idle {
  const pids = [first, second].map((node) => node.process.pid);
  const mean = (of: (pid: number) => number) =>
    pids.reduce((sum, pid) => sum + of(pid), 0) / pids.length;
  return { cpuSeconds: mean(usedMs) / 1000, bytes: mean(bytesOnCard) };
}

/** Of the namespace in which the process runs (proc(5), net/dev): received and sent. */
function bytesOnCard(pid: number): number {
  const text = readFileSync(`/proc/${pid}/net/dev`, "utf8");
  const fields = /^\s*eth0:\s*(.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? [];
  return Number(fields[0]) + Number(fields[8]);
}
