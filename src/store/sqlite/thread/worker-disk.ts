import { batchedPosts } from "../../../platform/real/batched-posts.ts";
import type { WorkerThread } from "../../../platform/real/threads.ts";
import type { DiskThread, FromDisk, ToDisk } from "./messages.ts";

/**
 * A disk thread in a worker. The caller creates the worker from a file beside the program's entry,
 * since only there its path is the same from source and compiled.
 */
export function workerDisk(worker: WorkerThread): DiskThread {
  let stopping = false;
  let onEnd: (reason: string) => void = () => {};
  const closed = new Promise<void>((resolve) => {
    worker.addEventListener("close", () => resolve(), { once: true });
  });
  const end = (reason: string) => {
    if (stopping) return;
    stopping = true;
    worker.terminate();
    onEnd(reason);
  };
  worker.addEventListener("error", (event) => end(`the disk thread failed: ${event.message}`));
  void closed.then(() => end("the disk thread ended"));
  const post = batchedPosts((messages: readonly ToDisk[]) => {
    if (!stopping) worker.postMessage(messages);
  });
  return {
    post,
    listen: (receiver) => {
      onEnd = (reason) => receiver.onEnd(reason);
      worker.addEventListener("message", (event: MessageEvent<readonly FromDisk[]>) => {
        for (const message of event.data) if (!stopping) receiver.onMessage(message);
      });
    },
    stop: async () => {
      if (!stopping) {
        stopping = true;
        worker.terminate();
      }
      await closed;
    },
  };
}
