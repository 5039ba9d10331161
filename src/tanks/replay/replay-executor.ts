import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { digest, fork, plantLooksOf, sceneOf, statsOf } from "../../sim/index.ts";
import { chronicleOf, requireEngine } from "../archive/archive.ts";
import { decodeArchive, encodeArchive } from "../archive/archive-file.ts";
import { collectArchive } from "../archive/collect.ts";
import { FORK_SEQ } from "../snapshots/base-snapshot.ts";
import { captureOf } from "../snapshots/captured-world.ts";
import {
  type Chronicle,
  type ChronicleSource,
  extendChronicle,
  promiseOf,
  readChronicle,
} from "./chronicle.ts";
import { describeDivergence } from "./divergence.ts";
import { originsOf } from "./origins.ts";
import { describeReach, isBeginning } from "./reach.ts";
import type { Replay } from "./replay.ts";
import type {
  AnswerTo,
  ForkOfArchive,
  PackedTank,
  PastLook,
  PastWindow,
  ReplayAnswer,
  ReplayOrder,
} from "./replay-thread.ts";
import { requireInside, runTo, type TravelPorts, travel } from "./time-travel.ts";

const FROM_CREATION = "it was created there";
const OLDER_IS_DROPPED = "older past is not kept (see --past-per-tank)";

type OrderOf<Kind extends ReplayOrder["kind"]> = Extract<ReplayOrder, { readonly kind: Kind }>;

/**
 * Executes replay orders, one at a time. It keeps the state of the last replay, so that a request
 * for a later tick continues from there.
 */
export class ReplayExecutor {
  readonly #source: ChronicleSource;
  readonly #ports: TravelPorts;
  #chronicle: Chronicle | undefined;
  #replay: Replay | undefined;

  constructor(source: ChronicleSource, ports: TravelPorts) {
    this.#source = source;
    this.#ports = ports;
  }

  /** Rejects with Problem, or with the signal's reason. */
  carryOut(order: ReplayOrder, signal: AbortSignal): Promise<ReplayAnswer> {
    switch (order.kind) {
      case "window":
        return this.#window(order);
      case "look":
        return this.#look(order, signal);
      case "pack":
        return this.#pack(order);
      case "fork":
        return this.#fork(order, signal);
    }
  }

  async #window({ tank }: OrderOf<"window">): Promise<PastWindow> {
    const chronicle = await this.#read(tank);
    const { all, notes } = originsOf(chronicle, this.#ports.engineVersion);
    const [oldest] = all;
    const to = promiseOf(chronicle);
    const whole = isBeginning(chronicle.row, oldest);
    const { tickRate } = this.#ports.controls;
    const reach = describeReach({ fromTick: oldest.tick, toTick: to.tick, tickRate });
    const marks = chronicle.entries.flatMap(({ seq, tick, digest: known }) =>
      known !== null && seq > oldest.seq ? [{ seq, tick, digest: known }] : [],
    );
    return {
      kind: "window",
      epoch: chronicle.row.epoch,
      from: { seq: oldest.seq, tick: oldest.tick },
      to,
      whole,
      snapshots: chronicle.snapshots
        .filter(({ seq }) => seq >= oldest.seq)
        .map(({ seq, tick, digest: known }) => ({ seq, tick, digest: known })),
      marks: marks.slice(-LIMITS.listRowsMax),
      notes: [`the past reaches ${reach}; ${whole ? FROM_CREATION : OLDER_IS_DROPPED}`, ...notes],
    };
  }

  async #look({ tank, tick }: OrderOf<"look">, signal: AbortSignal): Promise<PastLook> {
    const chronicle = await this.#read(tank);
    const replay = await this.#goTo(chronicle, tick, signal);
    const { world, place, controls } = replay;
    const scene = sceneOf(world);
    const shown = scene.plants.slice(0, LIMITS.listRowsMax);
    return {
      kind: "look",
      epoch: chronicle.row.epoch,
      ...place,
      digest: digest(world),
      controls,
      stats: statsOf(world),
      scene,
      looks: shown.flatMap(({ plant_id }) => plantLooksOf(world, plant_id) ?? []),
    };
  }

  /** Continues the last replay where that is the shortest way. */
  async #goTo(chronicle: Chronicle, tick: number, signal: AbortSignal): Promise<Replay> {
    const { engineVersion } = this.#ports;
    const { all } = originsOf(chronicle, engineVersion);
    requireInside(tick, { from: all[0].tick, to: promiseOf(chronicle).tick });
    const nearest = all.findLast((origin) => origin.tick <= tick);
    const last = this.#replay;
    this.#replay = undefined;
    // Compared by entry too: the log of a paused tank may grow, and be trimmed, at one tick.
    const goesOn =
      last &&
      last.place.tick <= tick &&
      last.place.tick >= (nearest?.tick ?? 0) &&
      last.place.seq >= (nearest?.seq ?? 0);
    const replay = goesOn
      ? last
      : (await travel(chronicle, { from: "nearest", to: tick, signal }, this.#ports)).replay;
    if (goesOn) {
      replay.follow(chronicle);
      await runTo(replay, tick, this.#ports, signal);
    }
    requireSame(replay.divergence);
    this.#replay = replay;
    return replay;
  }

  async #pack(order: OrderOf<"pack">): Promise<PackedTank> {
    const { programVersion, madeAtMs } = order;
    const chronicle = await this.#read(order.tank);
    const maker = { programVersion, madeAtMs, engineVersion: this.#ports.engineVersion };
    const encoded = encodeArchive(await collectArchive(chronicle, maker));
    if (encoded.kind === "too_large") throw new Problem("archive_too_large", encoded.detail);
    const { name } = chronicle.row;
    return { kind: "pack", name, to: promiseOf(chronicle), bytes: encoded.bytes };
  }

  async #fork(order: OrderOf<"fork">, signal: AbortSignal): Promise<ForkOfArchive> {
    const decoded = decodeArchive(order.archive);
    if (decoded.kind === "bad") {
      throw new Problem("bad_archive", `this is not a valid archive of a tank: ${decoded.detail}`);
    }
    const { archive } = decoded;
    requireEngine(archive, this.#ports.engineVersion);
    const journey = { from: "oldest", signal } as const;
    const { replay, divergence } = await travel(chronicleOf(archive), journey, this.#ports);
    requireSame(divergence);
    const { tank_id, name, description, seed, fish } = archive.row;
    const world = fork(replay.world, order.tankKey);
    return {
      kind: "fork",
      name,
      description,
      seed,
      fish,
      state: captureOf(world, FORK_SEQ, replay.controls),
      original: { tank_id, ...replay.place, digest: digest(replay.world) },
    };
  }

  async #read(tankId: string): Promise<Chronicle> {
    const known = this.#chronicle?.row.tank_id === tankId ? this.#chronicle : undefined;
    if (!known) this.#replay = undefined;
    const extended = known && (await extendChronicle(this.#source, known));
    this.#chronicle = extended ?? (await readChronicle(this.#source, tankId));
    if (this.#chronicle) return this.#chronicle;
    throw new Problem("unknown_tank", `there is no tank ${tankId} here`);
  }
}

function requireSame(divergence: Replay["divergence"]): void {
  if (divergence) throw new Problem("diverged", describeDivergence(divergence));
}

/** Whether an answer belongs to this kind of order. */
export function isAnswerTo<Kind extends ReplayOrder["kind"]>(
  kind: Kind,
  answer: ReplayAnswer,
): answer is AnswerTo<Kind> {
  return answer.kind === kind;
}
