import type { SharedMemory } from "../../platform/shared-memory.ts";
import { openTank, parkTank, type Tank } from "../../sim/index.ts";
import type { TankSpec } from "../../sim/types.ts";
import type { LogRow } from "../../store/rows.ts";
import { chain } from "../log/log-chain.ts";
import { BadSnapshot } from "../snapshots/captured-world.ts";
import type { Controls } from "./controls.ts";
import { type LivePlace, TRAILER_BYTES, Trailer } from "./live-trailer.ts";
import type { LoadTank } from "./simulation.ts";

const NO_PAYLOAD = new Uint8Array();

/**
 * The state of a tank that lies in shared memory: the arena of its world, and behind it the trailer
 * with its place in the log. When the process is killed between two turns of the tank, the next one
 * goes on right there, without a replay. Costs nothing per tick, since the world works in that
 * memory anyway. Where there is no room, the world lies in the heap and is replayed.
 */
export class LiveState {
  readonly #memory: SharedMemory;
  readonly #load: LoadTank;
  #trailer: Trailer | undefined;
  #checksum: string;

  constructor(memory: SharedMemory, load: LoadTank) {
    this.#memory = memory;
    this.#load = load;
    this.#checksum = load.checksum;
  }

  /** Gives the world its memory, also when it grows: then that of before has had its time. */
  readonly allocate = (bytes: number): ArrayBuffer => {
    this.#trailer = undefined;
    const memory = this.#memory.create(this.#load.tank, bytes + TRAILER_BYTES);
    if (!memory) return new ArrayBuffer(bytes);
    this.#trailer = new Trailer(memory);
    return memory;
  };

  /** The world that the process before has left at this place. Throws {@link BadSnapshot}. */
  reopen(spec: TankSpec, place: LivePlace): Tank {
    const memory = this.#memory.open(this.#load.tank);
    try {
      if (!memory) throw new Error("it is gone");
      const world = openTank(spec, memory, this.allocate);
      if (world.tick !== place.tick) throw new Error(`it is at tick ${world.tick}`);
      this.#trailer = new Trailer(memory);
      return world;
    } catch (error) {
      throw new BadSnapshot("its state in memory cannot be used", { cause: error });
    }
  }

  /** An entry was logged. */
  logged(
    entry: Pick<LogRow, "seq" | "tick" | "kind" | "digest">,
    payload: Uint8Array = NO_PAYLOAD,
  ): void {
    const { tank: tank_id, engineVersion: engine_version } = this.#load;
    const row = { tank_id, ...entry, payload, engine_version };
    this.#checksum = chain(this.#checksum, row).checksum;
  }

  /** The world is about to change. */
  unpark(): void {
    this.#trailer?.unpark();
  }

  /** The world is whole, and stays as it is until `unpark`. */
  park(world: Tank, seq: number, controls: Controls): void {
    if (!this.#trailer) return;
    parkTank(world);
    const { engineVersion } = this.#load;
    const { tick } = world;
    this.#trailer.park({ engineVersion, seq, tick, controls, checksum: this.#checksum });
  }
}
