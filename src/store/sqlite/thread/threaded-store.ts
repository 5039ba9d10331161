import { LIMITS } from "../../../platform/limits.ts";
import type { Timers } from "../../../platform/timers.ts";
import type { Log } from "../../../telemetry/log.ts";
import type { Journal, JournalBounds, JournalReads, RegistryStore, Store } from "../../journal.ts";
import { hasWalResetBug, SQLITE_FIXED, sqliteVersion } from "../version.ts";
import { type BackgroundCheck, startCheck } from "./background-check.ts";
import { DiskClient } from "./disk-client.ts";
import { GatheredReads } from "./gathered-reads.ts";
import type { DiskThread, ReadName } from "./messages.ts";
import { packWrites } from "./packed-writes.ts";

export interface ThreadedStoreOptions {
  /** Starts a disk thread; called again when one has died. */
  readonly spawn: () => DiskThread;
  readonly path: string;
  readonly bounds?: JournalBounds;
  readonly timers: Timers;
  readonly log: Log;
  /** Version of SQLite. Default: that of this program. */
  readonly sqlite?: string;
}

/**
 * Opens the store of a node in a thread of its own, so that the main thread never blocks on the
 * disk. Gives the same guarantees as the store itself; see {@link DiskClient} for the death of the
 * thread.
 * @throws Problem `data_directory_unusable`, as the store's own opening does
 */
export async function openThreadedStore(options: ThreadedStoreOptions): Promise<Store> {
  const { spawn, path, bounds = LIMITS, timers, log, sqlite = sqliteVersion() } = options;
  if (hasWalResetBug(sqlite)) {
    log.warn("SQLite can corrupt a database that two programs write to at once", {
      sqlite,
      mended_in: SQLITE_FIXED,
      mend: `open ${path} with no other program while the node runs`,
    });
  }
  // Only the limits that the thread needs.
  const { transferEventsMax, transfersKeptMax } = bounds;
  const opening = { kind: "open", path, bounds: { transferEventsMax, transfersKeptMax } } as const;
  let check: BackgroundCheck | undefined;
  const client: DiskClient = new DiskClient({
    spawn,
    opening,
    timers,
    log,
    onUnchecked: () => {
      check ??= startCheck({ spawn, path, log }, (damage) => client.condemn(damage));
    },
  });
  await client.open();
  return {
    journal: journalOf(client),
    registry: registryOf(client),
    close: async () => {
      // Not awaited: a check in progress ends only when it has read the whole file.
      void check?.stop();
      await client.close();
    },
  };
}

function journalOf(client: DiskClient): Journal {
  const reads = new GatheredReads((name, calls) => client.ask({ kind: "read", name, calls }));
  const read = <Name extends ReadName>(name: Name, ...args: Parameters<JournalReads[Name]>) =>
    reads.ask(name, args) as ReturnType<JournalReads[Name]>;
  return {
    get position() {
      return client.position;
    },
    commit: async (writes) => {
      if (writes.length === 0) return;
      reads.flush();
      await client.ask({ kind: "commit", writes: packWrites(writes) });
    },
    watermarks: () => read("watermarks"),
    watermark: (tankId) => read("watermark", tankId),
    tanks: () => read("tanks"),
    log: (tankId, afterSeq) => read("log", tankId, afterSeq),
    logStart: (tankId) => read("logStart", tankId),
    snapshots: (tankId) => read("snapshots", tankId),
    connections: () => read("connections"),
    openOutbox: () => read("openOutbox"),
    outbox: (filter) => read("outbox", filter),
    outboxRow: (transferId) => read("outboxRow", transferId),
    inbox: (filter) => read("inbox", filter),
    inboxRow: (sourceNodeId, transferId) => read("inboxRow", sourceNodeId, transferId),
    inboxRows: (transferId) => read("inboxRows", transferId),
    arrivals: (entityIds) => read("arrivals", entityIds),
    horizon: (pair) => read("horizon", pair),
    connectionCounts: () => read("connectionCounts"),
    horizons: () => read("horizons"),
    lastSequences: () => read("lastSequences"),
    transferCounts: () => read("transferCounts"),
    events: (transferId) => read("events", transferId),
    tankTransfers: (tankId) => read("tankTransfers", tankId),
    moves: () => read("moves"),
    movedTanks: () => read("movedTanks"),
    remembered: () => read("remembered"),
    meta: (key) => read("meta", key),
  };
}

function registryOf(client: DiskClient): RegistryStore {
  return {
    load: () => client.ask({ kind: "load_registry" }) as ReturnType<RegistryStore["load"]>,
    put: async (nodeId, record) => {
      await client.ask({ kind: "put_server", nodeId, record });
    },
    remove: async (nodeId) => {
      await client.ask({ kind: "remove_server", nodeId });
    },
  };
}
