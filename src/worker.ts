/**
 * The entry point of worker threads: a simulation loop on the real clock, a crew of islands of a
 * sealed run, or the replay service's executor. It is beside main.ts because a compiled program
 * finds its workers only there.
 */
import type { CrewAnswer } from "./cli/commands/run/crews.ts";
import { messageOf } from "./platform/errors.ts";
import { batchedPosts } from "./platform/real/batched-posts.ts";
import { realClock } from "./platform/real/clock.ts";
import { compileReadily } from "./platform/real/compilation.ts";
import { collectGarbage } from "./platform/real/garbage.ts";
import { SharedMemoryFiles } from "./platform/real/shared-memory.ts";
import { lowerThreadPriority } from "./platform/real/thread-priority.ts";
import { realTimers } from "./platform/real/timers.ts";
import type { Timers } from "./platform/timers.ts";
import { type CrewOrder, IslandCrew } from "./sim/index.ts";
import type { ReplayLoop } from "./tanks/replay/replay-loop.ts";
import type { ReplayWork } from "./tanks/replay/worker-replay.ts";
import { SharedHeartbeat } from "./tanks/thread/heartbeat.ts";
import type { FromSimulation, ToSimulation } from "./tanks/thread/simulation.ts";
import { SimulationLoop } from "./tanks/thread/simulation-loop.ts";
import type { HeartbeatMessage } from "./tanks/worker-host.ts";

type Message =
  | readonly ToSimulation[]
  | HeartbeatMessage
  | ReplayWork
  | { readonly kind: "crew"; readonly order: CrewOrder };

declare const self: {
  onmessage: (event: MessageEvent<Message>) => void;
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
};

/**
 * An eager tank schedules its next slice with delay 0, after pending messages. A timer would wait a
 * whole millisecond, which left a third of the core idle in a measurement.
 */
const timers: Timers = {
  after: (delayMs, task) => {
    if (delayMs > 0) return realTimers.after(delayMs, task);
    const immediate = setImmediate(task);
    return () => clearImmediate(immediate);
  },
};

compileReadily();

const crew = new IslandCrew();
let loop: SimulationLoop | undefined;

self.onmessage = ({ data }) => {
  if (isOrders(data)) loop?.receive(...data);
  else if (data.kind === "crew") self.postMessage(obey(data.order));
  else if (data.kind === "replay") void replay(data);
  else loop = host(data);
};

function isOrders(data: Message): data is readonly ToSimulation[] {
  return Array.isArray(data);
}

/** A host that sends the heartbeat's memory is a node, whose main thread must stay responsive. */
function host({ memory, folder }: HeartbeatMessage): SimulationLoop {
  lowerThreadPriority();
  const say = batchedPosts((messages: readonly FromSimulation[]) => self.postMessage(messages));
  const heartbeat = new SharedHeartbeat(memory);
  const sharedMemory = folder === undefined ? undefined : new SharedMemoryFiles(folder);
  const options = { heartbeat, collectGarbage, sharedMemory };
  return new SimulationLoop({ clock: realClock, timers }, say, options);
}

/** An uncaught error would reach the other thread without its reason. */
function obey(order: CrewOrder): CrewAnswer {
  try {
    return { kind: "reports", reports: crew.obey(order) };
  } catch (error) {
    return { kind: "failed", message: messageOf(error) };
  }
}

let replaying: Promise<ReplayLoop> | undefined;

/** The store is loaded only for a replay: a simulation does not need it. */
async function replay({ place, message }: ReplayWork): Promise<void> {
  replaying ??= import("./node/replay-executor.ts").then(({ openReplay }) =>
    openReplay(place, { clock: realClock, timers }, (answer, transfer) =>
      self.postMessage(answer, transfer),
    ),
  );
  (await replaying).receive(message);
}
