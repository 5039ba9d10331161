import type { Cluster } from "../../cluster/cluster.ts";
import type { PeerReply } from "../../cluster/peer-route.ts";
import { messageOf, PROBLEMS, type Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import type { Timers } from "../../platform/timers.ts";
import type { OutboxRow } from "../../store/rows.ts";
import type { Owners } from "../moves/owners.ts";
import {
  type AbortRequest,
  abortPath,
  BATCH_PATH,
  batchReplySchema,
  decisionIn,
  POSITION_HEADER,
  problemIn,
  TRANSFER_PATH,
  type TransferRequest,
  type Verdict,
} from "./protocol.ts";

/** A decision of the destination. */
export interface Answer {
  readonly verdict: Verdict;
  readonly reason: string | null;
  /** The node that has answered: the destination, or the one to which its tank has moved. */
  readonly nodeId: string;
  /** The signed position of its journal with this decision. */
  readonly position: string | undefined;
  /** Not the destination's decision, but an operator's. */
  readonly byHand?: true;
}

/** Any other result, which decides nothing. */
export interface Silence {
  readonly verdict: undefined;
  /** A problem code, or `not_sent`, `no_answer`, `not_a_decision`, `stale`. */
  readonly code: string;
  readonly detail: string;
  /** The minimum pause that the destination asked for. */
  readonly retryAfterMs: number;
  /** What a former owner shows of where the tank is now, unread. */
  readonly certificates?: unknown;
}

/** The result of one request. */
export type Heard = Answer | Silence;

/** Asks the destination to accept a fish, or never to accept it. */
export type Question = "transfer" | "abort";

export interface CourierPorts {
  readonly cluster: Cluster;
  readonly timers: Timers;
  readonly peerTimeoutMs: number;
  /** Immediate retries when no connection was established. */
  readonly peerRetries: number;
  /** What shows that this node acts for another: see `Owners`. */
  readonly owners: Pick<Owners, "proofFor">;
  /** This node's own routes: transfers between local tanks use the same protocol. */
  readonly answerLocally: (
    path: string,
    body: unknown,
    replacing: string | undefined,
  ) => Promise<PeerReply>;
  /** Whether its connection asks that it may take a place in a full tank. */
  readonly asksToReplace: (row: OutboxRow) => boolean;
}

/** A transfer to ask for, with the lowest undecided sequence of its pair. */
export interface Asked {
  readonly row: OutboxRow;
  readonly lowestUndecided: number;
}

/** A request about transfers. */
interface Letter {
  readonly path: string;
  readonly body: unknown;
  /** Which of its transfers ask to replace, in the query. */
  readonly replacing: string | undefined;
}

/** Sends questions about transfers and classifies the answers. Never rejects. */
export class Courier {
  readonly #ports: CourierPorts;

  constructor(ports: CourierPorts) {
    this.#ports = ports;
  }

  async ask(row: OutboxRow, lowestUndecided: number, question: Question): Promise<Heard> {
    const path = question === "transfer" ? TRANSFER_PATH : abortPath(row.transfer_id);
    const subject = this.#subject(row, lowestUndecided);
    const body = question === "transfer" ? withRecord(subject, row) : subject;
    try {
      const replacing = question === "transfer" ? this.#replacing([row]) : undefined;
      return judge(
        await this.#postOrRetry(row.destination_node_id, { path, body, replacing }),
        row,
      );
    } catch (error) {
      const code = error instanceof NetworkError ? "no_answer" : "not_sent";
      return undecided(code, messageOf(error));
    }
  }

  /**
   * Offers transfers to one node in one request; what was heard of each, in their order. Undefined
   * from a node whose version takes them only one by one.
   */
  async askTogether(asked: readonly Asked[]): Promise<readonly Heard[] | undefined> {
    const [first] = asked;
    if (first === undefined) return [];
    const transfers = asked.map(({ row, lowestUndecided }) =>
      withRecord(this.#subject(row, lowestUndecided), row),
    );
    try {
      const nodeId = first.row.destination_node_id;
      const replacing = this.#replacing(asked.map(({ row }) => row));
      const body = { version: 1, transfers };
      const reply = await this.#postOrRetry(nodeId, { path: BATCH_PATH, body, replacing });
      if (reply.status === 404 && problemIn(reply).code === "not_found") return undefined;
      const replies = repliesIn(reply, asked.length);
      return asked.map(({ row }, index) => judge(replies[index] ?? reply, row));
    } catch (error) {
      const code = error instanceof NetworkError ? "no_answer" : "not_sent";
      return asked.map(() => undecided(code, messageOf(error)));
    }
  }

  /** The places in the request of those that ask to replace. */
  #replacing(rows: readonly OutboxRow[]): string | undefined {
    const places = rows.flatMap((row, at) => (this.#ports.asksToReplace(row) ? [at] : []));
    return places.length === 0 ? undefined : places.join(".");
  }

  #subject(row: OutboxRow, lowestUndecided: number): AbortRequest {
    const { cluster, owners } = this.#ports;
    const { source_node_id: nodeId, source_tank_id: tankId } = row;
    const isOwn = nodeId === null || nodeId === cluster.nodeId;
    const proof = isOwn ? undefined : owners.proofFor(tankId, nodeId);
    return {
      version: 1,
      transfer_id: row.transfer_id,
      source: { node_id: nodeId ?? cluster.nodeId, tank_id: tankId },
      destination: { tank_id: row.destination_tank_id },
      sequence: row.sequence,
      lowest_undecided: lowestUndecided,
      digest: row.record_digest,
      ...(proof && { proof: [...proof] }),
    };
  }

  /**
   * Retries a node whose address has changed or that has restarted, since the second call begins
   * with a handshake. A slow node is not retried at once, to avoid more load.
   */
  async #postOrRetry(nodeId: string, letter: Letter): Promise<PeerReply> {
    for (let left = this.#ports.peerRetries; ; left--) {
      try {
        return await this.#post(nodeId, letter);
      } catch (error) {
        if (left <= 0 || !hadNoConnection(error)) throw error;
      }
    }
  }

  #post(nodeId: string, { path, body, replacing }: Letter): Promise<PeerReply> {
    const { cluster, timers, peerTimeoutMs, answerLocally } = this.#ports;
    if (nodeId === cluster.nodeId) return answerLocally(path, body, replacing);
    // In the query, since older versions reject unknown fields in the body.
    const { positions } = cluster;
    const said = {
      position: positions.statement(),
      remembered: positions.remembered(nodeId),
      replacing,
    };
    const words = Object.entries(said).flatMap(([name, words]) =>
      words ? `${name}=${words}` : [],
    );
    const asked = words.length === 0 ? path : `${path}?${words.join("&")}`;
    return within(timers, peerTimeoutMs, cluster.call(nodeId, "POST", asked, body));
  }
}

function hadNoConnection(error: unknown): boolean {
  const failure = error instanceof NetworkError ? error.failure : undefined;
  return failure === "refused" || failure === "unreachable";
}

function withRecord(subject: AbortRequest, row: OutboxRow): TransferRequest {
  return {
    ...subject,
    entity_type: row.entity_type,
    side: row.side,
    record: row.record.toBase64(),
  };
}

/** The answers of a batch as replies; none where their number is another one. */
function repliesIn(reply: PeerReply, count: number): readonly PeerReply[] {
  const parsed = reply.status === 200 ? batchReplySchema.safeParse(reply.body) : undefined;
  if (!parsed?.success || parsed.data.answers.length !== count) return [];
  const { headers = {} } = reply;
  return parsed.data.answers.map(({ status, body }) => ({ status, body, headers }));
}

function judge(reply: PeerReply, row: OutboxRow): Heard {
  const decision = decisionIn(reply, row);
  if (decision?.decision === "stale") return undecided("stale", "the destination has forgotten it");
  if (decision) {
    const position = reply.headers?.[POSITION_HEADER];
    const { node_id: nodeId, reason } = decision;
    return { verdict: decision.decision, reason, nodeId, position };
  }
  const { code, retryAfterMs } = problemIn(reply);
  if (reply.status === 200) return undecided("not_a_decision", "200 without a decision");
  const silence = undecided(code, `status ${reply.status}`, retryAfterMs);
  return code === "moved" ? { ...silence, certificates: certificatesIn(reply) } : silence;
}

function certificatesIn({ body }: PeerReply): unknown {
  return typeof body === "object" && body !== null && "certificates" in body
    ? body.certificates
    : undefined;
}

function undecided(code: string, detail: string, retryAfterMs = 0): Silence {
  return { verdict: undefined, code, detail, retryAfterMs };
}

/** Rejects with NetworkError `timeout` when `answer` takes longer; a later answer is ignored. */
function within<T>(timers: Timers, timeoutMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(timeoutMs, () => {
      reject(new NetworkError("timeout", `no answer within ${timeoutMs} ms`));
    });
    answer.then(resolve, reject).finally(cancel);
  });
}

/** The reply that a refused request has on the wire (RFC 9457). */
export function replyOf(problem: Problem): PeerReply {
  const { status, title } = PROBLEMS[problem.code];
  const type = `urn:tankd:problem:${problem.code}`;
  return { status, body: { type, title, status, detail: problem.message } };
}
