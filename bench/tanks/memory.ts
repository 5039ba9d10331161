/** What a tank and an idle node weigh. */
import { median, print, printHead, printRow } from "../measure.ts";
import { endNode } from "../node.ts";
import { residentMegabytes } from "../proc.ts";
import { weighIdleNode } from "../starting.ts";
import { type Crowd, makeTanks, startAlone } from "./crowd.ts";
import { megabytes, spread } from "./words.ts";

const PORT = 18_204;
/** Founders that fill a tank to its cap, where it stays the dearest. */
const FISH = 100;
const SETTLE_MS = 15_000;
const LOOKS = 5;
const LOOK_INTERVAL_MS = 1000;

export interface MemoryOptions {
  /** Numbers of tanks, growing; the first is what the growth counts from. */
  readonly steps: readonly number[];
  readonly idleRuns: number;
}

export async function benchMemory({ steps, idleRuns }: MemoryOptions): Promise<void> {
  const crowd = await startAlone({ port: PORT });
  const weights: number[] = [];
  let tanks = 0;
  for (const step of steps) {
    await makeTanks(crowd, step - tanks, FISH);
    tanks = step;
    weights.push(await weigh(crowd));
  }
  await endNode(crowd.node);
  print(
    `Resident memory with tanks of ${FISH} fish, the cap, ${SETTLE_MS / 1000} s after the last:`,
  );
  print("");
  printHead("tanks", "resident", "kB for each since the row before");
  for (const [place, step] of steps.entries()) {
    const weight = weights[place] ?? Number.NaN;
    const [stepBefore, weightBefore] = [steps[place - 1] ?? 0, weights[place - 1] ?? 0];
    const each = ((weight - weightBefore) * 1024) / (step - stepBefore);
    printRow(step, megabytes(weight), place === 0 ? "–" : each.toFixed(0));
  }
  print("");
  const idle: number[] = [];
  for (let run = 0; run < idleRuns; run++) idle.push(await weighIdleNode());
  print(`An idle node with one tank of 50 fish after 10 s: ${spread(idle, 0, "MB")}.`);
  print("");
}

/** The collector comes and goes: the median of some looks. */
async function weigh({ pid }: Crowd): Promise<number> {
  await Bun.sleep(SETTLE_MS);
  const looks: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    looks.push(residentMegabytes(pid));
    await Bun.sleep(LOOK_INTERVAL_MS);
  }
  return median(looks);
}
