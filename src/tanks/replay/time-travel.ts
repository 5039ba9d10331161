import type { Clock } from "../../platform/clock.ts";
import { Problem } from "../../platform/errors.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import { BadSnapshot } from "../snapshots/captured-world.ts";
import { DamagedSnapshot } from "../snapshots/snapshot-file.ts";
import { damageOf } from "../snapshots/snapshots.ts";
import type { Controls } from "../thread/controls.ts";
import type { CapturedState } from "../thread/simulation.ts";
import { type Chronicle, type Place, promiseOf } from "./chronicle.ts";
import type { Divergence } from "./divergence.ts";
import { type Origin, originsOf } from "./origins.ts";
import { Replay } from "./replay.ts";

/** Work between two checks for messages and for the signal. */
const SLICE_MS = 8;
/** Steps between two reads of the clock; also bounds a slice where the clock does not advance. */
const STEPS_PER_LOOK = 32;
const LOOKS_PER_SLICE_MAX = 64;

export interface TravelPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly engineVersion: number;
  /** Initial controls of a tank that is built from its spec. */
  readonly controls: Controls;
}

export interface Journey {
  /** The target tick; the durable end by default. */
  readonly to?: number;
  /** `oldest`: verifies everything that can be. `nearest`: the shortest way. */
  readonly from: "oldest" | "nearest";
  readonly signal?: AbortSignal;
}

export interface Arrival {
  readonly replay: Replay;
  readonly promise: Place;
  readonly divergence: Divergence | undefined;
  /** Messages about damage that was worked around, and about what could not be replayed. */
  readonly notes: readonly string[];
}

/**
 * Replays a tank's past. A difference is part of the result. Rejects with Problem:
 * `outside_history` for a tick that is not durable or was trimmed, `other_engine`.
 */
export async function travel(
  chronicle: Chronicle,
  journey: Journey,
  ports: TravelPorts,
): Promise<Arrival> {
  const promise = promiseOf(chronicle);
  const { all, notes } = originsOf(chronicle, ports.engineVersion);
  const to = journey.to ?? promise.tick;
  requireInside(to, { from: all[0].tick, to: promise.tick });
  const reachable = all.filter(({ tick }) => tick <= to);
  const inOrder = journey.from === "oldest" ? reachable : reachable.toReversed();
  const begun = await begin(chronicle, inOrder, ports.controls);
  const { replay } = begun;
  replay.follow(chronicle);
  await runTo(replay, to, ports, journey.signal);
  const atEnd = to === promise.tick && replay.divergence === undefined;
  return {
    replay,
    promise,
    divergence: replay.divergence ?? (atEnd ? lossOf(chronicle, replay) : undefined),
    notes: [...notes, ...begun.notes],
  };
}

/** Throws Problem `outside_history`, which names the available ticks. */
export function requireInside(tick: number, ticks: { from: number; to: number }): void {
  if (tick >= ticks.from && tick <= ticks.to) return;
  const which = tick < ticks.from ? "is not kept any more" : "is not committed yet";
  throw new Problem(
    "outside_history",
    `tick ${tick} ${which}: available are ticks ${ticks.from} to ${ticks.to}`,
  );
}

/** Runs a replay to a tick, in slices, and yields the thread between them. */
export async function runTo(
  replay: Replay,
  tick: number,
  { clock, timers }: Pick<TravelPorts, "clock" | "timers">,
  signal?: AbortSignal,
): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    const endMs = clock.monotonicMs() + SLICE_MS;
    for (let looks = 0; looks < LOOKS_PER_SLICE_MAX; looks++) {
      if (replay.run(tick, STEPS_PER_LOOK)) return;
      if (clock.monotonicMs() >= endMs) break;
    }
    await sleep(timers, 0, signal);
  }
}

/** Starts a replay at the first of these origins whose state is intact. */
async function begin(
  { row, stateOf }: Chronicle,
  origins: readonly Origin[],
  controls: Controls,
): Promise<{ readonly replay: Replay; readonly notes: readonly string[] }> {
  const notes: string[] = [];
  for (const origin of origins) {
    const { snapshot } = origin;
    try {
      const state: CapturedState | undefined = snapshot && (await stateOf(snapshot));
      return { replay: new Replay({ row, origin, state, controls }), notes };
    } catch (error) {
      const damaged = error instanceof DamagedSnapshot || error instanceof BadSnapshot;
      if (!snapshot || !damaged) throw error;
      notes.push(damageOf(snapshot, error));
    }
  }
  throw new Problem("outside_history", `no state to begin from is intact: ${notes.join("; ")}`);
}

/** An entry that is known to have existed beyond the end of the log. */
function lossOf({ snapshots, watermark }: Chronicle, { place }: Replay): Divergence | undefined {
  const later = snapshots.find(({ seq }) => seq > place.seq);
  const known = watermark && watermark.seq > place.seq ? watermark : later;
  if (!known) return undefined;
  const expected = `entry ${known.seq} of tick ${known.tick}`;
  return { kind: "lost", ...place, expected, found: `the log ends with entry ${place.seq}` };
}
