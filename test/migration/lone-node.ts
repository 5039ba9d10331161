import type { ServerFilter } from "../../src/cluster/cluster.ts";
import type { PeerReply } from "../../src/cluster/peer-route.ts";
import type { MoveDeps } from "../../src/migration/moves/moves.ts";
import type { ReplacementRule } from "../../src/migration/payloads/entity.ts";
import { type CountingMigration, createMigration } from "../../src/migration/service.ts";
import {
  abortPath,
  digestOf,
  TRANSFER_PATH,
  type TransferRequest,
} from "../../src/migration/transfer/protocol.ts";
import { DEFAULT_QUOTAS, type TransferQuotas } from "../../src/migration/transfer/quotas.ts";
import { STRANGER_BUDGET, type StrangerBudget } from "../../src/migration/transfer/strangers.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import type { Journal } from "../../src/store/journal.ts";
import { MemoryJournal } from "../../src/store/memory/journal.ts";
import type { Log, LogFields } from "../../src/telemetry/log.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { answer } from "./aquarium.ts";
import { type FakeCall, FakeCluster, type FakeServer } from "./fake-cluster.ts";
import { FakeTanks, readFakeRecord, recordOf, tankRow } from "./fake-tanks.ts";

export interface LoneNodeOptions {
  readonly journal?: MemoryJournal;
  readonly sabotage?: (journal: Journal) => Journal;
  /** What the others answer. */
  readonly call?: FakeCall;
  readonly directory?: FakeServer[];
  readonly capacity?: () => number;
  readonly autoConnect?: boolean;
  readonly autoConnectTo?: ServerFilter;
  readonly tanks?: readonly string[];
  readonly replacement?: ReplacementRule;
  readonly strangerBudget?: StrangerBudget;
  readonly peerTimeoutMs?: number;
  /** What whole tanks need to move, for the tanks of this node. */
  readonly moves?: (node: LoneNode) => MoveDeps;
  readonly quotas?: Partial<TransferQuotas>;
}

/** One node "here" with tanks "reef" and "pond", and whatever the test makes of the others. */
export class LoneNode {
  readonly world = new SimulatedWorld({ seed: 1 });
  readonly journal: MemoryJournal;
  readonly tanks: FakeTanks;
  readonly cluster: FakeCluster;
  readonly migration: CountingMigration;
  readonly errors: string[] = [];
  /** Lines of level info. */
  readonly noted: { readonly event: string; readonly fields: LogFields | undefined }[] = [];
  readonly directory: FakeServer[];
  readonly #tankIds: readonly string[];

  constructor(options: LoneNodeOptions = {}) {
    const { call, capacity, sabotage } = options;
    this.journal = options.journal ?? new MemoryJournal();
    const journal = sabotage ? sabotage(this.journal) : this.journal;
    this.#tankIds = options.tanks ?? ["reef", "pond"];
    this.tanks = new FakeTanks(journal, capacity ? { capacity } : {});
    this.directory = options.directory ?? [
      { nodeId: "here", tanks: this.#tankIds },
      { nodeId: "there", tanks: ["lake"] },
    ];
    this.cluster = new FakeCluster("here", this.directory, call);
    const { clock, timers, random } = this.world.addHost({ name: "here" }).boot();
    this.migration = createMigration({
      tanks: this.tanks,
      cluster: this.cluster,
      journal,
      clock,
      timers,
      random,
      log: recordingLog(this),
      metrics: noMetrics,
      nodeId: "here",
      autoConnect: options.autoConnect ?? false,
      replacement: options.replacement ?? "refuse",
      strangerBudget: options.strangerBudget ?? STRANGER_BUDGET,
      autoConnectTo: options.autoConnectTo ?? {},
      checkIntervalMs: 2000,
      peerTimeoutMs: options.peerTimeoutMs ?? 1000,
      quotas: { ...DEFAULT_QUOTAS, ...options.quotas },
      readers: { fish: readFakeRecord, plant: readFakeRecord },
      ...(options.moves && { moves: options.moves(this) }),
    });
  }

  async start(): Promise<this> {
    await this.tanks.recover();
    for (const [index, tankId] of this.#tankIds.entries()) {
      if (!this.tanks.get(tankId)) await this.tanks.add(tankRow(tankId, 3, index + 1));
    }
    await this.migration.start();
    await this.run(0);
    return this;
  }

  run(forMs: number): Promise<void> {
    return this.world.run(this.world.nowMs + forMs);
  }

  /** Puts so many further fish into a tank. */
  async fill(tankId: string, fish: number): Promise<void> {
    for (let n = 0; n < fish; n++) {
      const record = recordOf(`extra-${n}`);
      await this.tanks.submit(tankId, { kind: "import", record, side: "left" });
    }
  }

  /** Sends one fish over a connection that is closed again at once. */
  async sendOne(destination_tank_id = "lake", destination_server_id?: string): Promise<string> {
    const { connection_id } = await this.migration.connect({
      source_tank_id: "reef",
      destination_tank_id,
      ...(destination_server_id === undefined ? {} : { destination_server_id }),
      probability: 100,
      direction: "left",
    });
    await this.run(2000);
    await this.migration.disconnect(connection_id);
    const [row] = await this.journal.outbox({ limit: 1 });
    if (!row) throw new Error("nobody left");
    return row.transfer_id;
  }

  /** So many open transfers of the pair of tanks of the only one, as older versions left them. */
  async copyOpen(count: number): Promise<void> {
    const [row] = await this.journal.openOutbox();
    if (!row) throw new Error("nobody left");
    for (let n = 2; n <= count; n++) {
      const transfer_id = n.toString(16).padStart(32, "0");
      const copy = { ...row, transfer_id, sequence: n, entity_id: `old-${n}` };
      await this.journal.commit([{ put: "outbox", row: copy }]);
    }
  }

  /** A request of the node "there". */
  receive(
    body: unknown,
    signer: string | undefined = "there",
    query: Readonly<Record<string, string>> = {},
  ): Promise<PeerReply> {
    return answer(this.migration, { path: TRANSFER_PATH, body, signer, query });
  }

  abort(body: { readonly transfer_id: string }, signer: string | undefined = "there") {
    return answer(this.migration, { path: abortPath(body.transfer_id), body, signer });
  }

  async events(transferId: string): Promise<string[]> {
    return (await this.migration.transfer(transferId)).events.map(({ event }) => event);
  }
}

/** A good transfer from "there" to the reef. */
export function transferOf(
  entityId: string,
  change: Partial<TransferRequest> = {},
): TransferRequest {
  const record = recordOf(entityId);
  return {
    version: 1,
    transfer_id: digestOf(record).slice(0, 32),
    entity_type: "fish",
    source: { node_id: "there", tank_id: "lake" },
    destination: { tank_id: "reef" },
    sequence: 1,
    lowest_undecided: 1,
    side: "left",
    record: record.toBase64(),
    digest: digestOf(record),
    ...change,
  };
}

/** The abort of a transfer: the same words without the record. */
export function abortOf(transfer: TransferRequest) {
  const { entity_type: _type, side: _side, record: _record, ...subject } = transfer;
  return subject;
}

function recordingLog({ errors, noted }: Pick<LoneNode, "errors" | "noted">): Log {
  return {
    debug() {},
    info: (event, fields) => void noted.push({ event, fields }),
    warn() {},
    error: (event) => void errors.push(event),
  };
}
