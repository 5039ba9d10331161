import { join } from "node:path";
import type { Clock } from "../platform/clock.ts";
import { DirectoryFiles } from "../platform/real/files.ts";
import type { Timers } from "../platform/timers.ts";
import { ENGINE_VERSION } from "../sim/index.ts";
import { openSqliteReader } from "../store/sqlite/reader.ts";
import { DATABASE_FILE } from "../store/sqlite/store.ts";
import type { ChronicleSource } from "../tanks/replay/chronicle.ts";
import { ReplayExecutor } from "../tanks/replay/replay-executor.ts";
import { ReplayLoop } from "../tanks/replay/replay-loop.ts";
import type { FromReplay } from "../tanks/replay/replay-thread.ts";
import { type ReplayPlace, wholeBuffer } from "../tanks/replay/worker-replay.ts";

type Post = (message: FromReplay, transfer: ArrayBuffer[]) => void;

/** The program of a node's replay thread. It reads the directory while the node writes it. */
export function openReplay(
  { directory, tickRate }: ReplayPlace,
  ports: { readonly clock: Clock; readonly timers: Timers },
  post: Post,
): ReplayLoop {
  const journal = lazily(() => openSqliteReader(join(directory, DATABASE_FILE)));
  const source: ChronicleSource = {
    journal: {
      tanks: async () => journal().tanks(),
      log: async (tankId, afterSeq) => journal().log(tankId, afterSeq),
      snapshots: async (tankId) => journal().snapshots(tankId),
      watermark: async (tankId) => journal().watermark(tankId),
    },
    files: new DirectoryFiles(directory),
  };
  const controls = { paused: false, tickRate, fastForwardTo: undefined };
  const executor = new ReplayExecutor(source, {
    ...ports,
    engineVersion: ENGINE_VERSION,
    controls,
  });
  return new ReplayLoop(executor, (message) => post(message, buffersOf(message)));
}

/** A failure to open the journal fails only the order that needs it; the next one tries again. */
function lazily<Value>(open: () => Value): () => Value {
  let value: Value | undefined;
  return () => {
    value ??= open();
    return value;
  };
}

function buffersOf(message: FromReplay): ArrayBuffer[] {
  if (message.kind !== "answer" || message.answer.kind !== "pack") return [];
  return wholeBuffer(message.answer.bytes);
}
