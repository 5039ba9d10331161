import type { DialOutcome } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { DialFailure, DialResult } from "./meeting.ts";

/** Notes in the table how the dial of one node goes. */
export class DialNote {
  readonly #table: PeerTable;
  readonly #nodeId: string | undefined;
  readonly #startedMs: number;
  #isConnected = false;

  /** @param nodeId whom the addresses should lead to, where somebody has said so. */
  constructor(table: PeerTable, nodeId: string | undefined, startedMs: number) {
    this.#table = table;
    this.#nodeId = nodeId;
    this.#startedMs = startedMs;
  }

  /** The machine has taken a connection; who is reached as a rule stays so until the end. */
  connected(): void {
    this.#isConnected = true;
    if (this.#nodeId === undefined) return;
    if (this.#table.get(this.#nodeId)?.dialled?.outcome === "ok") return;
    this.#set(this.#nodeId, "busy");
  }

  /** @param nodeId who has answered. */
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
