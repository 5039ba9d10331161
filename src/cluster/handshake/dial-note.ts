import type { DialOutcome } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { DialFailure, DialResult } from "./meeting.ts";

/** Records the progress of a dial of one node in the table. */
export class DialNote {
  readonly #table: PeerTable;
  readonly #nodeId: string | undefined;
  readonly #startedMs: number;
  #isConnected = false;

  /** @param nodeId the node that is expected at the addresses, if one is. */
  constructor(table: PeerTable, nodeId: string | undefined, startedMs: number) {
    this.#table = table;
    this.#nodeId = nodeId;
    this.#startedMs = startedMs;
  }

  /** The machine has accepted a connection; the expected node stays the subject until the end. */
  connected(): void {
    this.#isConnected = true;
    if (this.#nodeId === undefined) return;
    if (this.#table.get(this.#nodeId)?.dialled?.outcome === "ok") return;
    this.#set(this.#nodeId, "busy");
  }

  /** @param nodeId the node that has answered. */
  ended(result: DialResult<unknown>, nodeId = this.#nodeId): void {
    if (nodeId === undefined) return;
    const isBusy = this.#isConnected && result.kind === "failed" && result.isSilent;
    const outcome = result.kind === "met" ? "ok" : isBusy ? "busy" : "failed";
    this.#set(nodeId, outcome, result.kind === "failed" ? result : undefined);
  }

  #set(nodeId: string, outcome: DialOutcome["outcome"], why?: DialFailure): void {
    const failure = why && { failure: { reason: why.reason, isSilent: why.isSilent } };
    this.#table.update(nodeId, { dialled: { outcome, startedMs: this.#startedMs, ...failure } });
  }
}
