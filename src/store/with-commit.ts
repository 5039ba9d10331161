import type { Journal } from "./journal.ts";

/** The same journal with another `commit`. */
export function withCommit(journal: Journal, commit: Journal["commit"]): Journal {
  return {
    commit,
    get position() {
      return journal.position;
    },
    watermarks: () => journal.watermarks(),
    watermark: (tankId) => journal.watermark(tankId),
    tanks: () => journal.tanks(),
    log: (tankId, afterSeq) => journal.log(tankId, afterSeq),
    logStart: (tankId) => journal.logStart(tankId),
    snapshots: (tankId) => journal.snapshots(tankId),
    connections: () => journal.connections(),
    openOutbox: () => journal.openOutbox(),
    outbox: (filter) => journal.outbox(filter),
    outboxRow: (transferId) => journal.outboxRow(transferId),
    inbox: (filter) => journal.inbox(filter),
    inboxRow: (sourceNodeId, transferId) => journal.inboxRow(sourceNodeId, transferId),
    inboxRows: (transferId) => journal.inboxRows(transferId),
    arrivals: (entityIds) => journal.arrivals(entityIds),
    horizon: (pair) => journal.horizon(pair),
    connectionCounts: () => journal.connectionCounts(),
    horizons: () => journal.horizons(),
    lastSequences: () => journal.lastSequences(),
    transferCounts: () => journal.transferCounts(),
    events: (transferId) => journal.events(transferId),
    tankTransfers: (tankId) => journal.tankTransfers(tankId),
    moves: () => journal.moves(),
    movedTanks: () => journal.movedTanks(),
    remembered: () => journal.remembered(),
    meta: (key) => journal.meta(key),
  };
}
