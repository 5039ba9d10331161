import type { WorkerThread } from "../../platform/real/threads.ts";
import type { FromReplay, ReplayThread, ToReplay } from "./replay-thread.ts";

/** Where a replay thread reads its tanks. */
export interface ReplayPlace {
  /** The node's data directory. */
  readonly directory: string;
  /** Initial tick rate of a tank that is built from its spec. */
  readonly tickRate: number;
}

/** A message to the worker. Each names the place, which the first one opens. */
export interface ReplayWork {
  readonly kind: "replay";
  readonly place: ReplayPlace;
  readonly message: ToReplay;
}

/** Replays in a worker thread. When it dies, the receiver gets `thread_failed`, once. */
export function workerReplay(worker: WorkerThread, place: ReplayPlace): ReplayThread {
  let handler: (message: FromReplay) => void = () => {};
  let over = false;
  const closed = new Promise<void>((resolve) => {
    worker.addEventListener("close", () => resolve(), { once: true });
  });
  const fail = (message: string) => {
    if (over) return;
    over = true;
    worker.terminate();
    handler({ kind: "thread_failed", message });
  };
  worker.addEventListener("message", (event: MessageEvent<FromReplay>) => {
    if (!over) handler(event.data);
  });
  worker.addEventListener("error", (event) => fail(`the replay thread failed: ${event.message}`));
  void closed.then(() => fail("the replay thread ended"));
  return {
    post: (message) => {
      const work: ReplayWork = { kind: "replay", place, message };
      if (!over) worker.postMessage(work, buffersOf(message));
    },
    onMessage: (receive) => {
      handler = receive;
    },
    stop: async () => {
      if (over) return;
      over = true;
      worker.terminate();
      await closed;
    },
  };
}

/** An archive is transferred, not copied: 64 MB take 18 ms to copy, 0.14 to transfer. */
function buffersOf(message: ToReplay): ArrayBuffer[] {
  if (message.kind !== "order" || message.order.kind !== "fork") return [];
  return wholeBuffer(message.order.archive);
}

/** The buffer of these bytes, if it contains nothing else. */
export function wholeBuffer(bytes: Uint8Array): ArrayBuffer[] {
  const { buffer } = bytes;
  const whole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return whole ? [buffer] : [];
}
