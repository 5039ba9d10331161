/**
 * The entry point of the disk thread. It is beside main.ts because a compiled program finds its
 * workers only there.
 */
import { DiskLoop } from "./store/sqlite/thread/disk-loop.ts";
import type { ToDisk } from "./store/sqlite/thread/messages.ts";

declare const self: {
  onmessage: (event: MessageEvent<readonly ToDisk[]>) => void;
  postMessage(message: unknown): void;
};

const loop = new DiskLoop((messages) => self.postMessage(messages));
self.onmessage = ({ data }) => loop.receive(data);
