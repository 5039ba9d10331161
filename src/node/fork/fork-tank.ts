import { messageOf, Problem } from "../../platform/errors.ts";
import { type Random, randomHex } from "../../platform/random.ts";
import { fork, statsOf } from "../../sim/index.ts";
import type { TankRow } from "../../store/rows.ts";
import { type ChronicleSource, readChronicle } from "../../tanks/replay/chronicle.ts";
import { type Divergence, describeDivergence } from "../../tanks/replay/divergence.ts";
import { type TravelPorts, travel } from "../../tanks/replay/time-travel.ts";
import { FORK_SEQ, type ForkedTank, forkedTank } from "../../tanks/snapshots/base-snapshot.ts";
import { captureOf } from "../../tanks/snapshots/captured-world.ts";

export interface TankForkPorts extends TravelPorts {
  readonly source: ChronicleSource;
  readonly random: Random;
  /** Aborts it before anything has changed. */
  readonly signal?: AbortSignal | undefined;
}

/** The result for one tank of a fork, for users. */
export interface ForkedTankReport {
  readonly name: string;
  readonly from_tank_id: string;
  readonly tank_id: string;
  readonly fish: number;
  readonly tick: number;
  /** Parts of the original that could not be copied, and damage that was worked around. */
  readonly warnings: readonly string[];
}

export type TankFork =
  | { readonly kind: "forked"; readonly made: ForkedTank; readonly report: ForkedTankReport }
  /** Nothing of the tank can be copied. */
  | { readonly kind: "lost"; readonly row: TankRow; readonly reason: string };

const ID_BYTES = 8;

/** Kinds of damage that leave the log before them valid: a missing end, or a break. */
const SURVIVABLE: ReadonlySet<Divergence["kind"]> = new Set(["lost", "chain"]);

/** A new tank with the last durable state of `row`'s tank, or the last one that is still intact. */
export async function forkTank(row: TankRow, ports: TankForkPorts): Promise<TankFork> {
  const { random, clock, engineVersion } = ports;
  try {
    const chronicle = await readChronicle(ports.source, row.tank_id);
    if (!chronicle) return { kind: "lost", row, reason: "it does not exist" };
    const journey = { from: "nearest", ...(ports.signal && { signal: ports.signal }) } as const;
    const { replay, divergence, notes } = await travel(chronicle, journey, ports);
    if (divergence && !SURVIVABLE.has(divergence.kind)) {
      return { kind: "lost", row, reason: describeDivergence(divergence) };
    }
    const tank_key = randomHex(random, ID_BYTES);
    const world = fork(replay.world, tank_key);
    const createdAtMs = clock.wallMs();
    const forked: TankRow = {
      ...row,
      tank_id: randomHex(random, ID_BYTES),
      tank_key,
      created_at: createdAtMs,
      epoch: 1,
      origin: "forked",
    };
    const state = captureOf(world, FORK_SEQ, replay.controls);
    const loss = divergence ? [describeLoss(divergence, world.tick)] : [];
    return {
      kind: "forked",
      made: forkedTank(forked, state, { engineVersion, createdAtMs }),
      report: {
        name: row.name,
        from_tank_id: row.tank_id,
        tank_id: forked.tank_id,
        fish: statsOf(world).alive,
        tick: world.tick,
        warnings: [...notes, ...loss],
      },
    };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { kind: "lost", row, reason: messageOf(error) };
  }
}

function describeLoss(divergence: Divergence, tick: number): string {
  return `${describeDivergence(divergence)}; it continues from tick ${tick}, later ticks are lost`;
}
