import type { ReplayExecutor } from "./replay-executor.ts";
import { ReplayLoop } from "./replay-loop.ts";
import type { FromReplay, ReplayThread } from "./replay-thread.ts";

/**
 * Replays on the caller's own thread, in slices: for the seeded simulator and tests. Messages are
 * cloned and arrive later, as between threads.
 */
export function inProcessReplay(executor: ReplayExecutor): ReplayThread {
  let handler: (message: FromReplay) => void = () => {};
  let stopped = false;
  const deliver = <Message>(message: Message, receive: (message: Message) => void) => {
    const copy = structuredClone(message);
    queueMicrotask(() => {
      if (!stopped) receive(copy);
    });
  };
  const loop = new ReplayLoop(executor, (message) => deliver(message, (m) => handler(m)));
  return {
    post: (message) => deliver(message, (m) => loop.receive(m)),
    onMessage: (receive) => {
      handler = receive;
    },
    stop: async () => {
      stopped = true;
    },
  };
}
