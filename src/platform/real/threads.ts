import { hasFreeDescriptors } from "./descriptors.ts";

/** What is used of a worker. */
export type WorkerThread = Pick<Worker, "addEventListener" | "postMessage" | "terminate">;

/**
 * Starts a worker. Where it would find no descriptors for its event loop, which ends the whole
 * process, it is one that has failed: whoever starts threads starts them again.
 */
export function startWorker(start: () => Worker): WorkerThread {
  return hasFreeDescriptors() ? start() : new UnstartedWorker();
}

class UnstartedWorker extends EventTarget implements WorkerThread {
  constructor() {
    super();
    const message = "it was not started, since too many files and connections are open";
    queueMicrotask(() => {
      this.dispatchEvent(new ErrorEvent("error", { message }));
      this.dispatchEvent(new Event("close"));
    });
  }

  postMessage(): void {}

  terminate(): void {}
}
