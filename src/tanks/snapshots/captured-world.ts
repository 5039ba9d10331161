import { type Allocate, digest, heap, loadTank, saveTank, type Tank } from "../../sim/index.ts";
import type { Controls } from "../thread/controls.ts";
import type { CapturedState } from "../thread/simulation.ts";
import { packState, unpackState } from "./state-packing.ts";

/** The snapshot's bytes are not a state, or not the expected one. */
export class BadSnapshot extends Error {
  override readonly name = "BadSnapshot";
}

/** The state of a world after entry `seq` of its log. */
export function captureOf(world: Tank, seq: number, controls: Controls): CapturedState {
  const packed = packState(saveTank(world));
  return { seq, tick: world.tick, controls, digest: digest(world), packed };
}

/** The world of a captured state. Throws {@link BadSnapshot}. */
export function worldOf(snapshot: CapturedState, allocate: Allocate = heap): Tank {
  let world: Tank;
  try {
    world = loadTank(unpackState(snapshot.packed), allocate);
  } catch (error) {
    throw new BadSnapshot("its state cannot be read", { cause: error });
  }
  if (world.tick !== snapshot.tick || digest(world) !== snapshot.digest) {
    throw new BadSnapshot("its state does not match its digest");
  }
  return world;
}
