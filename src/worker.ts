/**
 * The entry of a node's threads: a simulation's loop on the real clock, a crew of islands of a sealed
 * run, or the replay of a tank's past. It lies beside main.ts because a compiled program finds its workers only there
 * (FACTS, Bun).
 */
import type { CrewAnswer } from "./cli/run-crews.ts";
import { messageOf } from "./platform/errors.ts";
import { realClock } from "./platform/real/clock.ts";
import { realTimers } from "./platform/real/timers.ts";
import type { Timers } from "./platform/timers.ts";
import { type CrewOrder, IslandCrew } from "./sim/index.ts";
import type { ReplayLoop } from "./tanks/replay/replay-loop.ts";
import type { ReplayWork } from "./tanks/replay/worker-replay.ts";
import type { ToSimulation } from "./tanks/thread/simulation.ts";
import { SimulationLoop } from "./tanks/thread/simulation-loop.ts";

type Message = ToSimulation | ReplayWork | { readonly kind: "crew"; readonly order: CrewOrder };

declare const self: {
  onmessage: (event: MessageEvent<Message>) => void;
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
};

/**
 * A tank that goes as fast as it can asks for "at once, but after the mail": a timer would wait a
 * whole millisecond, which left a third of the core idle when measured.
 */
const timers: Timers = {
  after: (delayMs, task) => {
    if (delayMs > 0) return realTimers.after(delayMs, task);
    const immediate = setImmediate(task);
    return () => clearImmediate(immediate);
  },
};

const loop = new SimulationLoop({ clock: realClock, timers }, (message) =>
  self.postMessage(message),
);
const crew = new IslandCrew();

self.onmessage = ({ data }) => {
  if (data.kind === "crew") self.postMessage(obey(data.order));
  else if (data.kind === "replay") void replay(data);
  else loop.receive(data);
};

/** An error that nobody catches would reach the other thread without its reason (FACTS, Bun). */
function obey(order: CrewOrder): CrewAnswer {
  try {
    return { kind: "reports", reports: crew.obey(order) };
  } catch (error) {
    return { kind: "failed", message: messageOf(error) };
  }
}

let replaying: Promise<ReplayLoop> | undefined;

/** The store is loaded only where the past is asked for: a simulation has no use for it. */
async function replay({ place, message }: ReplayWork): Promise<void> {
  replaying ??= import("./node/replay-desk.ts").then(({ openReplay }) =>
    openReplay(place, { clock: realClock, timers }, (answer, transfer) =>
      self.postMessage(answer, transfer),
    ),
  );
  (await replaying).receive(message);
}
