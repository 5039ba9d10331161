import { batchedPosts } from "../platform/real/batched-posts.ts";
import type { WorkerThread } from "../platform/real/threads.ts";
import { HEARTBEAT_BYTES, SharedHeartbeat } from "./thread/heartbeat.ts";
import type { FromSimulation, SimulationThread, ToSimulation } from "./thread/simulation.ts";

/** The first message to a worker. */
export interface HeartbeatMessage {
  readonly kind: "heartbeat";
  readonly memory: SharedArrayBuffer;
  /** Of the memory for the states of its tanks; undefined where there is none. */
  readonly folder: string | undefined;
}

/**
 * A simulation in a worker thread. The caller creates the worker from a file beside the program's
 * entry, since only there its path is the same from source and compiled. When the worker dies, the
 * receiver gets `thread_failed`, once.
 */
export function workerSimulation(worker: WorkerThread, folder?: string): SimulationThread {
  let handler: (message: FromSimulation) => void = () => {};
  let stopping = false;
  let gone = false;
  const closed = new Promise<void>((resolve) => {
    worker.addEventListener("close", () => resolve(), { once: true });
  });
  const fail = (message: string) => {
    if (stopping || gone) return;
    gone = true;
    worker.terminate();
    handler({ kind: "thread_failed", message });
  };
  worker.addEventListener("message", (event: MessageEvent<readonly FromSimulation[]>) => {
    for (const message of event.data) if (!gone && !stopping) handler(message);
  });
  worker.addEventListener("error", (event) =>
    fail(`the simulation thread failed: ${event.message}`),
  );
  void closed.then(() => fail("the simulation thread ended"));
  const memory = new SharedArrayBuffer(HEARTBEAT_BYTES);
  worker.postMessage({ kind: "heartbeat", memory, folder } satisfies HeartbeatMessage);
  const post = batchedPosts((messages: readonly ToSimulation[]) => {
    if (!gone && !stopping) worker.postMessage(messages);
  });
  return {
    heartbeat: new SharedHeartbeat(memory),
    post,
    onMessage: (receive) => {
      handler = receive;
    },
    stop: async () => {
      if (gone) return;
      stopping = true;
      worker.terminate();
      await closed;
    },
  };
}
