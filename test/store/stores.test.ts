import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realTimers } from "../../src/platform/real/timers.ts";
import { groupCommit } from "../../src/store/group-commit.ts";
import type { Store } from "../../src/store/journal.ts";
import { MemoryStore } from "../../src/store/memory/store.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { openThreadedStore } from "../../src/store/sqlite/thread/threaded-store.ts";
import { workerDisk } from "../../src/store/sqlite/thread/worker-disk.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { BOUNDS, type Subject } from "./conformance/subject.ts";
import { storeConformance } from "./conformance.ts";

const clock = { wallMs: () => 0, monotonicMs: () => 0 };

async function openMemory(): Promise<Subject> {
  const store = new MemoryStore(BOUNDS);
  return { store, reopen: async () => store, dispose: async () => {} };
}

async function openSqlite(): Promise<Subject> {
  const folder = await mkdtemp(join(tmpdir(), "tankd-store-"));
  const open = () => openSqliteStore(join(folder, "tankd.db"), { bounds: BOUNDS });
  let store = open();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = open();
      return store;
    },
    dispose: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function openThreaded(): Promise<Subject> {
  const folder = await mkdtemp(join(tmpdir(), "tankd-store-"));
  const open = () =>
    openThreadedStore({
      spawn: () => workerDisk(new Worker(new URL("../../src/disk.ts", import.meta.url))),
      path: join(folder, "tankd.db"),
      bounds: BOUNDS,
      timers: realTimers,
      log: silentLog,
    });
  let store = await open();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await open();
      return store;
    },
    dispose: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The same store, with its commits gathered. */
function gathered(open: () => Promise<Subject>): () => Promise<Subject> {
  const gather = (store: Store): Store => ({
    journal: groupCommit(store.journal, { clock, timers: realTimers, metrics: noMetrics }),
    registry: store.registry,
    close: () => store.close(),
  });
  return async () => {
    const subject = await open();
    return {
      store: gather(subject.store),
      reopen: async () => gather(await subject.reopen()),
      dispose: () => subject.dispose(),
    };
  };
}

storeConformance("memory", openMemory);
storeConformance("sqlite", openSqlite);
storeConformance("sqlite in a thread", openThreaded);
storeConformance("group commit over memory", gathered(openMemory));
storeConformance("group commit over sqlite", gathered(openSqlite));
storeConformance("group commit over sqlite in a thread", gathered(openThreaded));
