import { StorageDamaged } from "../../../platform/errors.ts";
import type { Log } from "../../../telemetry/log.ts";
import type { DiskThread } from "./messages.ts";

/** A check for damage in progress. */
export interface BackgroundCheck {
  stop(): Promise<void>;
}

/**
 * Checks a large database for damage while its node runs, in a separate thread, so that no commit
 * waits for it. A check that does not finish (the thread dies, the node stops) finds nothing.
 */
export function startCheck(
  { spawn, path, log }: { spawn: () => DiskThread; path: string; log: Log },
  onDamage: (damage: StorageDamaged) => void,
): BackgroundCheck {
  const thread = spawn();
  thread.listen({
    onMessage: (message) => {
      if (message.kind === "done") log.debug("storage checked", { path });
      else if (message.kind === "failed") {
        const { kind, message: reason } = message.error;
        if (kind === "problem") onDamage(new StorageDamaged(reason));
        else log.warn("storage not checked", { path, reason });
      }
      void thread.stop();
    },
    onEnd: (reason) => log.warn("storage not checked", { path, reason }),
  });
  thread.post({ request: 1, work: { kind: "check", path } });
  return { stop: () => thread.stop() };
}
