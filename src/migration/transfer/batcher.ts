import { BoundedMap } from "../../platform/bounded-map.ts";
import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { OutboxRow } from "../../store/rows.ts";
import type { Asked, Courier, Heard, Question } from "./courier.ts";
import type { TransferQuotas } from "./quotas.ts";

export interface BatcherPorts {
  readonly courier: Courier;
  readonly clock: Clock;
  readonly nodeId: string;
  readonly quotas: TransferQuotas;
  readonly lowestUndecided: (row: OutboxRow) => number;
}

/** How long a node whose version takes no batches is sent none: it may be replaced by then. */
const ONE_BY_ONE_MS = 600_000;

/** A question that waits for its turn. */
interface Waiting {
  readonly row: OutboxRow;
  readonly question: Question;
  readonly answer: (heard: Heard) => void;
}

/** The questions for one node. */
class Line {
  readonly waiting: Waiting[] = [];
  running = 0;
  /** Whether those that were asked at this moment are about to be sent. */
  goes = false;
}

/**
 * Asks each node its questions, a bounded number at a time. An offer goes out at once while the
 * node has few to answer, with those of the same moment: fish that left by one commit. Those that
 * come meanwhile wait together and are its next batch: under light load each goes alone without
 * delay, under heavy load many share a request and a commit, as in a group commit.
 */
export class Batcher {
  readonly #ports: BatcherPorts;
  readonly #lines = new Map<string, Line>();
  /** Until when a node is asked one by one, on the monotonic clock. */
  readonly #oneByOne = new BoundedMap<string, number>(LIMITS.positionsRememberedMax);

  constructor(ports: BatcherPorts) {
    this.#ports = ports;
  }

  ask(row: OutboxRow, question: Question): Promise<Heard> {
    const nodeId = row.destination_node_id;
    const line = this.#lines.get(nodeId) ?? new Line();
    this.#lines.set(nodeId, line);
    return new Promise((resolve) => {
      line.waiting.push({ row, question, answer: resolve });
      if (line.goes) return;
      line.goes = true;
      queueMicrotask(() => {
        line.goes = false;
        this.#go(nodeId, line);
      });
    });
  }

  #go(nodeId: string, line: Line): void {
    while (line.waiting.length > 0 && line.running < this.#permits(nodeId)) {
      const batch = this.#nextOf(nodeId, line);
      line.running++;
      void this.#send(nodeId, batch).then((again) => {
        line.running--;
        line.waiting.unshift(...again);
        if (line.waiting.length > 0) this.#go(nodeId, line);
        else if (line.running === 0 && !line.goes) this.#lines.delete(nodeId);
      });
    }
  }

  get #most(): number {
    return this.#ports.quotas.perBatch;
  }

  #permits(nodeId: string): number {
    return this.#takesBatches(nodeId)
      ? LIMITS.batchesInFlightPerPeerMax
      : LIMITS.transfersInFlightPerPeerMax;
  }

  /** Transfers between this node's own tanks need no request that they could share. */
  #takesBatches(nodeId: string): boolean {
    if (nodeId === this.#ports.nodeId || this.#most === 1) return false;
    return this.#ports.clock.monotonicMs() >= (this.#oneByOne.get(nodeId) ?? 0);
  }

  /**
   * The first of the line, and what fits behind it into one request. Aborts go alone, and so does
   * what carries a proof, which has no place in the bound of a batch.
   */
  #nextOf(nodeId: string, line: Line): readonly Waiting[] {
    const most = this.#takesBatches(nodeId) ? this.#most : 1;
    let characters = 0;
    let count = 0;
    for (const { row, question } of line.waiting) {
      characters += 4 * Math.ceil(row.record.length / 3);
      const isFull = count === most || characters > LIMITS.batchRecordCharactersMax;
      const isAlone = question === "abort" || row.source_node_id !== null;
      if (count > 0 && (isFull || isAlone)) break;
      count++;
      if (isAlone) break;
    }
    return line.waiting.splice(0, count);
  }

  /** Resolves with those that have to be asked again, one by one. Never rejects. */
  async #send(nodeId: string, batch: readonly Waiting[]): Promise<readonly Waiting[]> {
    const { courier, clock, lowestUndecided } = this.#ports;
    const [first] = batch;
    if (first === undefined) return [];
    if (batch.length === 1) {
      const { row, question, answer } = first;
      answer(await courier.ask(row, lowestUndecided(row), question));
      return [];
    }
    const asked: readonly Asked[] = batch.map(({ row }) => ({
      row,
      lowestUndecided: lowestUndecided(row),
    }));
    const heard = await courier.askTogether(asked);
    if (heard === undefined) {
      this.#oneByOne.set(nodeId, clock.monotonicMs() + ONE_BY_ONE_MS);
      return batch;
    }
    for (const [index, { answer }] of batch.entries()) {
      const one = heard[index];
      if (one !== undefined) answer(one);
    }
    return [];
  }
}
