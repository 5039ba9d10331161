import type { Identity } from "../../src/cluster/identity/identity.ts";
import type { PeerRoute } from "../../src/cluster/peer-route.ts";
import { BATCH_PATH, batchRequestSchema } from "../../src/migration/transfer/protocol.ts";
import type { Network } from "../../src/platform/network.ts";
import type { Journal, JournalWrite } from "../../src/store/journal.ts";
import { withCommit } from "../../src/store/with-commit.ts";

/** Where a promise can be broken from outside. */
export interface Sabotage {
  readonly journal?: (journal: Journal) => Journal;
  /** What a node answers to others. */
  readonly routes?: (routes: readonly PeerRoute[], identity: Identity) => readonly PeerRoute[];
  /** `nodeAt` tells which node listens at an origin. */
  readonly network?: (network: Network, nodeAt: (origin: string) => string) => Network;
  /** A commit is answered so long before it is synced. */
  readonly lateSyncMs?: number;
}

/**
 * Each breaks one promise of the protocol where it meets the store. If the simulator does not
 * notice, the simulator is at fault.
 */
export const SABOTAGE = {
  /** A destination that has forgotten what it accepted takes a repeated transfer as a new one. */
  no_dedup: {
    journal: (journal) =>
      altered(journal, {
        inboxRow: async () => undefined,
        keep: (write) => !("put" in write && write.put === "inbox"),
      }),
  },
  /** A fish that is nowhere on disk while it travels. */
  no_escrow: {
    journal: (journal) =>
      altered(journal, { keep: (write) => !("put" in write && write.put === "outbox") }),
  },
  /** Refusals and tombstones that do not outlive their answer. */
  volatile_refusals: {
    journal: (journal) =>
      altered(journal, {
        keep: (write) =>
          !("put" in write && write.put === "inbox" && write.row.decision !== "accepted"),
      }),
  },
  /** Nobody says how far its journal has come. */
  no_positions: {
    journal: (journal) =>
      new Proxy(journal, {
        get: (target, key) => (key === "position" ? 0 : Reflect.get(target, key, target)),
      }),
  },
  /** Acknowledges before anything is durable, and then writes nothing of the log. */
  no_log: {
    journal: (journal) =>
      altered(journal, { keep: (write) => !("put" in write && write.put === "log") }),
  },
  /** A node that decides anew what comes in at its start, before it has read what it decided. */
  blind_start: { journal: blindAtFirst },
  /** Answers before the disk has synced, as a store does that syncs now and then. */
  early_answers: { lateSyncMs: 1_000 },
  /** Takes "no such path" for a refusal, although an earlier build has decided nothing by it. */
  guessed_refusals: { network: guessing },
} as const satisfies Readonly<Record<string, Sabotage>>;

export type SabotageName = keyof typeof SABOTAGE;

interface Alteration {
  readonly keep: (write: JournalWrite) => boolean;
  readonly inboxRow?: Journal["inboxRow"];
}

function altered(journal: Journal, { keep, ...reads }: Alteration): Journal {
  const writing = withCommit(journal, (writes) => journal.commit(writes.filter(keep)));
  return Object.assign(writing, reads);
}

/** Decisions that a start does not read. */
const BLIND_READS = 8;

function blindAtFirst(journal: Journal): Journal {
  let reads = 0;
  const isNew = async (write: JournalWrite): Promise<boolean> => {
    if (!("put" in write && write.put === "inbox")) return true;
    return !(await journal.inboxRow(write.row.source_node_id, write.row.transfer_id));
  };
  const writing = withCommit(journal, async (writes) => {
    const fresh = await Promise.all(writes.map(isNew));
    await journal.commit(writes.filter((_, index) => fresh[index]));
  });
  const inboxRow: Journal["inboxRow"] = async (nodeId, transferId) =>
    ++reads <= BLIND_READS ? undefined : journal.inboxRow(nodeId, transferId);
  return Object.assign(writing, { inboxRow });
}

function guessing(network: Network, nodeAt: (origin: string) => string): Network {
  return {
    resolve: (name) => network.resolve(name),
    send: async (request) => {
      const response = await network.send(request);
      const isBatch = request.path.split("?")[0] === BATCH_PATH;
      if (!isBatch || response.status !== 404) return response;
      const { transfers } = batchRequestSchema.parse(JSON.parse(request.body ?? ""));
      const answers = transfers.map(({ transfer_id, destination }) => {
        const node = { node_id: nodeAt(request.origin), tank_id: destination.tank_id, epoch: 1 };
        const body = { transfer_id, ...node, decision: "refused", reason: "unknown" };
        return { status: 200, body };
      });
      return { ...response, status: 200, body: JSON.stringify({ answers }) };
    },
  };
}
