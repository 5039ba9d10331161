import { type Identity, identityFromSeed } from "../cluster/identity/identity.ts";
import { joinedHub } from "../cluster/membership/joined-hub.ts";
import { recallPeers } from "../cluster/peers/peer-memory.ts";
import type { Address } from "../discovery/backend.ts";
import type { RememberedNode } from "../discovery/remembered-backend.ts";
import type { DataDirectory } from "../platform/real/data-directory.ts";
import type { RealPlatform } from "../platform/real/platform.ts";
import { startWorker } from "../platform/real/threads.ts";
import { ENGINE_VERSION } from "../sim/index.ts";
import type { Store } from "../store/journal.ts";
import { DATABASE_FILE } from "../store/sqlite/store.ts";
import { openThreadedStore } from "../store/sqlite/thread/threaded-store.ts";
import { workerDisk } from "../store/sqlite/thread/worker-disk.ts";
import type { Log } from "../telemetry/log.ts";
import type { Closers } from "./closers.ts";
import { type ForkReport, forkNode } from "./fork/fork-node.ts";
import { settleFork } from "./fork/settle-fork.ts";
import { keptName } from "./kept-name.ts";
import type { NodeOptions } from "./node-options.ts";
import { refuseForeignKey } from "./own-key.ts";

/** What a node finds in its data directory. */
export interface StoredState {
  readonly store: Store;
  readonly identity: Identity;
  readonly name: string | undefined;
  /** The hub of an earlier `tankd join`. */
  readonly hub: Address | undefined;
  readonly remembered: readonly RememberedNode[];
  readonly forked: ForkReport | undefined;
}

type StoredPorts = RealPlatform & { readonly directory: DataDirectory; readonly log: Log };

/**
 * Opens the store, forks it on request, and reads who this node is and whom it knew.
 * @throws Problem `data_directory_unusable`; StorageUnavailable
 */
export async function openStoredState(
  options: NodeOptions,
  ports: StoredPorts,
  closers: Closers,
): Promise<StoredState> {
  const { directory, timers, log } = ports;
  const { settings } = options;
  const store = await openThreadedStore({
    spawn: () => workerDisk(startWorker(options.spawnDisk)),
    path: directory.pathOf(DATABASE_FILE),
    timers,
    log,
  });
  closers.add(() => store.close());
  const forked = await settleDirectory(options, { ...ports, store });
  const identity = identityFromSeed(await directory.key.current());
  await refuseForeignKey(identity.nodeId, directory.pathOf("key"), store.journal);
  return {
    store,
    identity,
    name: await keptName(store.journal, settings.name),
    hub: await joinedHub(store.journal),
    remembered: await recallPeers(store.journal, settings.cluster),
    forked,
  };
}

/** Completes an interrupted fork, and makes a new one on request. */
async function settleDirectory(
  { settings, fork, signal }: NodeOptions,
  ports: StoredPorts & { readonly store: Store },
): Promise<ForkReport | undefined> {
  const { key, files } = ports.directory;
  await settleFork(key, ports.store.journal);
  if (!fork) return undefined;
  const controls = { paused: false, tickRate: settings.tickRate, fastForwardTo: undefined };
  const engineVersion = ENGINE_VERSION;
  return forkNode({ ...ports, key, files, controls, engineVersion, signal });
}
