/** The largest number of tanks that one node keeps in real time. */
import { LIMITS } from "../../src/platform/limits.ts";
import { print, printHead, printRow } from "../measure.ts";
import { endNode } from "../node.ts";
import { residentMegabytes } from "../proc.ts";
import { lagQuantile } from "./counters.ts";
import { type Crowd, makeTanks, startAlone, tellAll } from "./crowd.ts";
import { coresOf, measurePace } from "./pace.ts";
import { atMost, megabytes, percent } from "./words.ts";

const PORT = 18_201;
const TICKS_PER_SECOND = 30;
/** What holding means. */
const REACHED_MIN = 0.995;
const LAG_P99_MAX = 2;
/** The search ends when it knows the number to this share of it. */
const PRECISION = 0.05;
/** Or after so many looks: seven minutes. */
const LOOKS_MAX = 10;
/** Of a change in their number, until threads, compiler and collector have got used to it. */
const SETTLE_MS = 10_000;

export interface MostOptions {
  readonly first: number;
  readonly seconds: number;
}

/**
 * Doubles until it fails twice, then halves what lies between. Tanks that are too many are paused.
 */
export async function benchMost({ first, seconds }: MostOptions): Promise<void> {
  print(
    `A node holds so many tanks if it reaches ${percent(REACHED_MIN, 1)} of the ticks asked for ` +
      `and p99 of the lag is at most ${LAG_P99_MAX} ticks, over ${seconds} s:`,
  );
  print("");
  printHead("tanks", "reached", "lag p99", "lag at most", "left out", "cores", "MB", "holds");
  const pool = new Pool(await startAlone({ port: PORT }));
  let holding = 0;
  let failing = LIMITS.tanksMax + 1;
  let next = first;
  let looks = 0;
  const look = () => {
    looks++;
    return holds(pool, next, seconds);
  };
  while (failing - holding > Math.max(1, PRECISION * failing) && looks < LOOKS_MAX) {
    // Once more before it counts as failed: anything else on the machine would decide otherwise.
    if ((await look()) || (await look())) holding = next;
    else failing = next;
    const doubled = holding === 0 ? Math.floor(failing / 2) : holding * 2;
    const between = Math.floor((holding + failing) / 2);
    next = failing > LIMITS.tanksMax ? Math.min(doubled, LIMITS.tanksMax) : between;
    if (next < 1 || next === holding) break;
  }
  print("");
  const all = holding === LIMITS.tanksMax ? " (more a node does not take)" : "";
  print(`Largest number that held: **${holding}**${all}; ${failing} did not or were not tried.`);
  print("");
  await endNode(pool.crowd.node);
}

async function holds(pool: Pool, count: number, seconds: number): Promise<boolean> {
  await pool.run(count);
  await Bun.sleep(SETTLE_MS);
  const pace = await measurePace(pool.crowd, seconds);
  const reached = pace.ticksPerSecond / (count * TICKS_PER_SECOND);
  const lag = lagQuantile(pace.ticksBehind, 0.99);
  const good = reached >= REACHED_MIN && lag <= LAG_P99_MAX;
  printRow(
    count,
    percent(reached, 2),
    atMost(lag),
    atMost(lagQuantile(pace.ticksBehind, 1)),
    pace.skipped,
    coresOf(pace).toFixed(2),
    megabytes(residentMegabytes(pool.crowd.pid)),
    good ? "yes" : "no",
  );
  return good;
}

/** Tanks of which only some run. */
class Pool {
  readonly crowd: Crowd;
  #tanks: readonly string[] = [];
  #running = 0;

  constructor(crowd: Crowd) {
    this.crowd = crowd;
  }

  /** Lets exactly so many run. */
  async run(count: number): Promise<void> {
    if (count < this.#running) {
      await tellAll(this.crowd, this.#tanks.slice(count, this.#running), "pause");
    } else {
      await tellAll(this.crowd, this.#tanks.slice(this.#running, count), "resume");
      const made = await makeTanks(this.crowd, Math.max(0, count - this.#tanks.length));
      this.#tanks = [...this.#tanks, ...made];
    }
    this.#running = count;
  }
}
