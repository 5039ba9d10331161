import type { z } from "zod";
import type { Positions } from "../../cluster/clones/journal-positions.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { PeerReply, PeerRequest } from "../../cluster/peer-route.ts";
import { problemReply } from "../../cluster/problem-reply.ts";
import type { Clock } from "../../platform/clock.ts";
import { invariant, Problem } from "../../platform/errors.ts";
import { describeFirst } from "../../platform/issue-words.ts";
import { LIMITS } from "../../platform/limits.ts";
import { KeyedMutex } from "../../platform/mutex.ts";
import type { Side } from "../../sim/types.ts";
import type { Journal, JournalWrite } from "../../store/journal.ts";
import type { InboxRow } from "../../store/rows.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { BoundedLog } from "../../telemetry/bounded-log.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { isProof } from "../moves/certificate.ts";
import type { TankGates } from "../moves/gates.ts";
import type { Departed, Owners } from "../moves/owners.ts";
import type { ReplacementRule } from "../payloads/entity.ts";
import type { Payloads } from "../payloads/payload.ts";
import { Admission } from "./admission.ts";
import { commitDurably } from "./commit-durably.ts";
import { decisionOf, inboxRow, isSameTransfer, type Ruling, replyWith } from "./decisions.ts";
import { Horizon } from "./horizon.ts";
import {
  type AbortRequest,
  abortRequestSchema,
  digestOf,
  isForeignEntity,
  POSITION_HEADER,
  type TransferRequest,
  transferRequestSchema,
} from "./protocol.ts";
import type { TransferQuotas } from "./quotas.ts";
import { STRANGER_BUDGET, type StrangerBudget, Strangers } from "./strangers.ts";
import { TRANSFER_LINES, transferLines } from "./transfer-lines.ts";

export interface IncomingPorts {
  readonly nodeId: string;
  readonly cluster: Pick<Cluster, "positions" | "knows">;
  readonly tanks: Tanks;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly payloads: Payloads;
  /** Closed for tanks that are moving. */
  readonly gates: TankGates;
  readonly owners: Owners;
  readonly quotas: TransferQuotas;
  /** Default: `refuse`. */
  readonly replacement?: ReplacementRule;
  /** Default: {@link STRANGER_BUDGET}. */
  readonly strangerBudget?: StrangerBudget;
}

/** A transfer that was asked for. */
interface Offer {
  readonly transfer: TransferRequest;
  readonly record: Uint8Array;
  readonly sender: Sender;
  readonly asksToReplace: boolean;
}

/**
 * The destination's half of the protocol: decides each transfer once, durably, and always gives the
 * same answer. Requests of a node about one id are serialised by a mutex, so that two copies of a
 * transfer, or a copy and an abort, cannot both find the id undecided.
 */
export class Incoming {
  readonly #ports: IncomingPorts;
  readonly #perTransfer = new KeyedMutex();
  readonly #horizon: Horizon;
  readonly #admission: Admission;
  readonly #lines: BoundedLog;
  readonly #strangers: Strangers;

  constructor(ports: IncomingPorts) {
    this.#ports = ports;
    this.#lines = transferLines(ports);
    this.#horizon = new Horizon(ports.journal, LIMITS.pairsRememberedMax);
    this.#admission = new Admission(ports);
    this.#strangers = new Strangers(ports, ports.strangerBudget ?? STRANGER_BUDGET);
  }

  /** `POST /api/remote-transfer`. */
  readonly receive = async (request: PeerRequest): Promise<PeerReply> => {
    if (isForeignEntity(request.body, request.query)) {
      throw new Problem(
        "unsupported_entity",
        "Only fish and plants of tankd can live here, sent by their own node as a transfer of " +
          "version 1.",
      );
    }
    const transfer = shaped(transferRequestSchema, request.body);
    const sender = this.#senderOf(request, transfer);
    this.#positions.judge(sender.nodeId, request.query["remembered"]);
    return this.#unlessTooMany(sender, transfer, () => {
      const record = this.#recordOf(transfer);
      const asksToReplace = request.query["replacing"] === "0";
      const offer = { transfer, record, sender, asksToReplace };
      return this.#inTurn(transfer, sender, () => this.#decide(offer));
    });
  };

  #recordOf(transfer: TransferRequest): Uint8Array {
    const record = Uint8Array.fromBase64(transfer.record);
    if (record.length > this.#ports.payloads[transfer.entity_type].recordBytesMax) {
      throw new Problem("body_too_large", `The record is too large for a ${transfer.entity_type}.`);
    }
    if (digestOf(record) !== transfer.digest) {
      throw new Problem("bad_request", "The record does not match its digest.");
    }
    return record;
  }

  /** `POST /api/transfers/{transfer_id}/abort`. */
  readonly abort = async (request: PeerRequest): Promise<PeerReply> => {
    const abort = shaped(abortRequestSchema, request.body);
    if (request.params["transfer_id"] !== abort.transfer_id) {
      throw new Problem("bad_request", "The path and the body name different transfers.");
    }
    const sender = this.#senderOf(request, abort);
    this.#positions.judge(sender.nodeId, request.query["remembered"]);
    return this.#unlessTooMany(sender, abort, () =>
      this.#inTurn(abort, sender, () => this.#bury(abort, sender)),
    );
  };

  async #unlessTooMany(
    { nodeId }: Sender,
    request: AbortRequest,
    decide: () => Promise<PeerReply>,
  ): Promise<PeerReply> {
    const refusal = this.#strangers.slowDown(nodeId);
    return refusal ?? this.#admission.unlessTooMany(nodeId, request, decide);
  }

  /** Serialises by id, answers from memory first, and attaches this node's journal position. */
  async #inTurn(
    request: AbortRequest,
    { nodeId, position }: Sender,
    decide: () => Promise<PeerReply>,
  ): Promise<PeerReply> {
    const { gates, owners } = this.#ports;
    const { tank_id } = request.destination;
    const inTurn = () =>
      this.#perTransfer.run(keyOf(request), async () => {
        const { fenced } = this.#positions;
        if (fenced) throw new Problem("not_ready", fenced.message);
        const isUp = this.#positions.recalled && owners.loaded;
        if (!isUp) throw new Problem("not_ready", "This node is starting.");
        const departed = owners.departed(tank_id);
        if (departed) return movedReply(departed);
        const before = await this.#answerFromMemory(request);
        if (before) return before;
        if (this.#positions.isBehind(nodeId, position)) {
          throw new Problem("directory_copied", "This node knows a later state of your journal.");
        }
        return this.#strangers.within(nodeId, request, decide);
      });
    const reply = await gates.pass(tank_id, inTurn);
    const own = this.#positions.statement();
    if (own === undefined || reply.status !== 200) return reply;
    return { ...reply, headers: { ...reply.headers, [POSITION_HEADER]: own } };
  }

  get #positions(): Positions {
    return this.#ports.cluster.positions;
  }

  /** A node speaks for its own fish, and for those of a tank that has moved to it. */
  #senderOf(request: PeerRequest, { source, proof = [] }: AbortRequest): Sender {
    const { signer, query } = request;
    if (signer === undefined) {
      throw new Problem("bad_signature", "A transfer must be signed by the node that sends it.");
    }
    const { node_id: from, tank_id: tankId } = source;
    if (signer !== from && !isProof(proof, { tankId, from, to: signer })) {
      throw new Problem("not_trusted", "A node may only send its own transfers.");
    }
    return { nodeId: signer, position: query["position"] };
  }

  async #decide(offer: Offer): Promise<PeerReply> {
    const { transfer, record, sender } = offer;
    const { tanks, payloads } = this.#ports;
    const tank = tanks.get(transfer.destination.tank_id);
    if (!tank) {
      throw new Problem("unknown_tank", "That tank is not on this node.");
    }
    const { epoch } = tank.row;
    const reading = payloads[transfer.entity_type].read(record);
    if (reading.entityId === undefined) {
      const { reason } = reading;
      const ruling: Ruling = { decision: "refused", reason, entityId: null, epoch };
      return this.#commit(transfer, ruling, sender);
    }
    return this.#import(offer, reading.entityId);
  }

  /** The log entry of the import and the decision are one transaction. */
  async #import(offer: Offer, entityId: string): Promise<PeerReply> {
    const { transfer, record, sender } = offer;
    let row: InboxRow | undefined;
    const { payloads, clock } = this.#ports;
    const order = {
      tankId: transfer.destination.tank_id,
      record,
      side: opposite(transfer.side),
      mayReplace: this.#mayReplace(offer),
    };
    await payloads[transfer.entity_type].import(order, ({ refusal: reason, epoch }) => {
      const decision = reason === null ? "accepted" : "refused";
      row = inboxRow(transfer, { decision, reason, entityId, epoch }, clock.wallMs());
      return this.#writesOf(transfer, row, sender);
    });
    invariant(row, "an import has called `alongside`");
    return this.#decided(row);
  }

  /** Between two tanks of this node the operator of both has asked for it. */
  #mayReplace({ sender, asksToReplace }: Offer): boolean {
    const { nodeId, replacement = "refuse" } = this.#ports;
    if (this.#strangers.isStranger(sender.nodeId)) return false;
    const isAgreed = replacement === "asked" || sender.nodeId === nodeId;
    return replacement === "fair" || (asksToReplace && isAgreed);
  }

  /** Commits a tombstone for an unknown transfer: a late copy of it will be refused. */
  async #bury(abort: AbortRequest, sender: Sender): Promise<PeerReply> {
    const epoch = this.#ports.tanks.get(abort.destination.tank_id)?.row.epoch ?? 0;
    const ruling: Ruling = { decision: "aborted", reason: null, entityId: null, epoch };
    return this.#commit(abort, ruling, sender);
  }

  async #answerFromMemory(request: AbortRequest): Promise<PeerReply | undefined> {
    const [row, isBehind] = await Promise.all([
      this.#ports.journal.inboxRow(request.source.node_id, request.transfer_id),
      this.#horizon.isBehind(request),
    ]);
    if (row) {
      this.#requireSame(row, request);
      return replyWith(decisionOf(row, this.#ports.nodeId));
    }
    if (!isBehind) return undefined;
    const tankId = request.destination.tank_id;
    return replyWith({
      transfer_id: request.transfer_id,
      node_id: this.#ports.nodeId,
      tank_id: tankId,
      epoch: this.#ports.tanks.get(tankId)?.row.epoch ?? 0,
      decision: "stale",
      reason: null,
    });
  }

  /** An id is bound to one content and one pair of tanks. */
  #requireSame(row: InboxRow, request: AbortRequest): void {
    if (isSameTransfer(row, request)) return;
    const { transfer_id, source, digest } = request;
    this.#ports.log.error("transfer id used twice", {
      transfer_id,
      source_node_id: source.node_id,
      digest,
      first_digest: row.record_digest,
    });
    throw new Problem("transfer_mismatch", "This transfer id belongs to another transfer.");
  }

  async #commit(request: AbortRequest, ruling: Ruling, sender: Sender): Promise<PeerReply> {
    const row = inboxRow(request, ruling, this.#ports.clock.wallMs());
    await commitDurably(this.#ports.journal, this.#writesOf(request, row, sender));
    return this.#decided(row);
  }

  #writesOf(
    request: AbortRequest,
    row: InboxRow,
    { nodeId, position }: Sender,
  ): readonly JournalWrite[] {
    return [
      { put: "inbox", row },
      ...this.#horizon.advance(request),
      ...this.#positions.remember(nodeId, position, this.#strangers.isStranger(nodeId)),
      ...this.#strangers.writes(nodeId),
    ];
  }

  /** A decision that has just become durable. */
  #decided(row: InboxRow): PeerReply {
    const { log, metrics } = this.#ports;
    const { transfer_id, decision, reason, entity_id, source_node_id } = row;
    metrics.count("tankd_transfers_total", { direction: "in", state: decision });
    const tank_id = row.destination_tank_id;
    const fields = { transfer_id, decision, reason, tank_id, entity_id, source_node_id };
    this.#lines.info(TRANSFER_LINES, "transfer decided", fields);
    if (reason === "duplicate_fish") {
      log.error("fish offered twice", { transfer_id, tank_id, entity_id });
    }
    return replyWith(decisionOf(row, this.#ports.nodeId));
  }
}

/** The node that has sent a request, and how far it says that its journal has come. */
interface Sender {
  readonly nodeId: string;
  readonly position: string | undefined;
}

/** The only answer of a former owner: it decides nothing. */
function movedReply({ nodeId, epoch, certificates }: Departed): PeerReply {
  const detail = `The tank has moved to node ${nodeId}.`;
  return problemReply("moved", detail, { node_id: nodeId, epoch, certificates });
}

function shaped<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Problem("bad_request", `The body is invalid: ${describeFirst(parsed.error)}`);
}

/** Each source has ids of its own, so that nobody can take those of another. */
function keyOf({ source, transfer_id }: AbortRequest): string {
  return `${source.node_id} ${transfer_id}`;
}

function opposite(side: Side): Side {
  return side === "left" ? "right" : "left";
}
