import type { Positions } from "../cluster/clones/journal-positions.ts";
import type { PeerReply, PeerRequest, PeerRoute } from "../cluster/peer-route.ts";
import { readBody } from "../cluster/read-body.ts";
import { BoundedMap } from "../platform/bounded-map.ts";
import type { Clock } from "../platform/clock.ts";
import { Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import { type Random, randomHex } from "../platform/random.ts";
import { Shared } from "../platform/shared.ts";
import { sleep } from "../platform/timers.ts";
import { escrowOf, OwnStatement, type OwnStatementPorts } from "./own-statement.ts";
import {
  LOOK_PATH,
  LOOK_ROWS_MAX,
  type Look,
  lookRequestSchema,
  lookSchema,
  type PairKey,
  STATEMENT_PATH,
  type Statement,
  type StatementPage,
  statementPageSchema,
  statementRequestSchema,
} from "./statement.ts";
import { pagesOf } from "./statement-pages.ts";
import { unmatchedOf } from "./unmatched.ts";

export interface ResponderPorts extends OwnStatementPorts {
  readonly cluster: OwnStatementPorts["cluster"] & { readonly positions: Positions };
  readonly random: Random;
  readonly clock: Clock;
  /** False until the tanks are recovered and transfers resumed. */
  readonly isReady: () => boolean;
}

/** Statements whose further pages may be asked for; each has some megabytes at most. */
const STATEMENTS_KEPT_MAX = 4;

/** Pause between two statements with a census each, so that nobody can make a node do only that. */
const REST_MS = 100;

/** Answers what auditors ask of this node. */
export class Responder {
  readonly #ports: ResponderPorts;
  readonly #own: OwnStatement;
  /** One at a time: whoever asks meanwhile shares the next. */
  readonly #everything: Shared<Statement>;
  #restUntilMs = 0;
  readonly #kept = new BoundedMap<string, readonly StatementPage[]>(STATEMENTS_KEPT_MAX);

  constructor(ports: ResponderPorts) {
    this.#ports = ports;
    this.#own = new OwnStatement(ports);
    this.#everything = new Shared(() => this.#everythingRested());
  }

  routes(): readonly PeerRoute[] {
    return [
      {
        method: "POST",
        path: STATEMENT_PATH,
        summary: "States this node's tanks, their fish, escrows and transfer counts, for an audit",
        request: statementRequestSchema,
        response: statementPageSchema,
        handle: async (request) => this.#guarded(request, () => this.#page(request.body)),
      },
      {
        method: "POST",
        path: LOOK_PATH,
        summary: "States where some fish are and which transfers brought them, for an audit",
        request: lookRequestSchema,
        response: lookSchema,
        handle: async (request) => this.#guarded(request, () => this.#look(request.body)),
      },
    ];
  }

  /** Rejects with Problem. */
  async statement(about: "everything" | "counts"): Promise<Statement> {
    this.#refuseUnready();
    return about === "counts" ? this.#own.counts() : this.#everything.next();
  }

  /** Rejects with Problem. */
  async look(body: unknown): Promise<Look> {
    this.#refuseUnready();
    return this.#look(body);
  }

  async #everythingRested(): Promise<Statement> {
    const { timers, clock } = this.#ports;
    await sleep(timers, Math.max(0, this.#restUntilMs - clock.monotonicMs()));
    try {
      return await this.#own.everything();
    } finally {
      this.#restUntilMs = clock.monotonicMs() + REST_MS;
    }
  }

  async #guarded<T>(
    { signer, controlled }: PeerRequest,
    answer: () => Promise<T>,
  ): Promise<PeerReply> {
    if (signer === undefined && !controlled) {
      throw new Problem("bad_signature", "An audit is answered to nodes that sign their requests.");
    }
    this.#refuseUnready();
    return { status: 200, body: await answer() };
  }

  #refuseUnready(): void {
    const { fenced } = this.#ports.cluster.positions;
    if (fenced) throw new Problem("not_ready", fenced.message);
    if (!this.#ports.isReady()) throw new Problem("not_ready", "This node is starting.");
  }

  async #page(body: unknown): Promise<StatementPage> {
    const { about, statement_id, page = 0 } = readBody(statementRequestSchema, body);
    const pages =
      statement_id === undefined ? await this.#begin(about) : this.#kept.get(statement_id);
    const found = pages?.[page];
    if (!found) throw new Problem("not_found", "This page is not kept any more; begin again.");
    return found;
  }

  async #begin(about: "everything" | "counts"): Promise<readonly StatementPage[]> {
    const id = randomHex(this.#ports.random, 8);
    const pages = pagesOf(await this.statement(about), id);
    if (pages.length > 1) this.#kept.set(id, pages);
    return pages;
  }

  async #look(body: unknown): Promise<Look> {
    const { entity_ids, places, pair, tank_id } = readBody(lookRequestSchema, body);
    const { journal, nodeId } = this.#ports;
    const wanted = new Set(entity_ids);
    const alive = places ? await this.#alive(wanted) : [];
    const open = places ? await journal.openOutbox() : [];
    const arrivals = await journal.arrivals(entity_ids);
    return {
      version: 1,
      node_id: nodeId,
      alive,
      escrow: open.filter((row) => wanted.has(row.entity_id)).map(escrowOf),
      accepted: arrivals.map((row) => ({
        entity_id: row.entity_id ?? "",
        source_node_id: row.source_node_id,
        source_tank_id: row.source_tank_id,
        destination_tank_id: row.destination_tank_id,
        sequence: row.sequence,
      })),
      kept: pair === undefined ? [] : await this.#keptOf(pair),
      ...(tank_id === undefined ? {} : { unmatched: await unmatchedOf(journal, tank_id) }),
    };
  }

  /** Tanks that cannot be read are left out: the statement before has named them. */
  async #alive(wanted: ReadonlySet<string>): Promise<Look["alive"]> {
    const alive: Look["alive"] = [];
    for (const { row } of this.#ports.tanks.list()) {
      const { tank_id } = row;
      const census = await this.#own.census(tank_id).catch(() => undefined);
      const { fish_ids, hops } = census ?? { fish_ids: [], hops: [] };
      for (const [index, entity_id] of fish_ids.entries()) {
        if (wanted.has(entity_id)) alive.push({ entity_id, tank_id, hops: hops[index] ?? 0 });
      }
    }
    return alive;
  }

  /** Delivered transfers of a pair that leaves here, accepted ones of a pair that arrives. */
  async #keptOf(pair: PairKey): Promise<Look["kept"]> {
    const { journal } = this.#ports;
    const limit = 2 * LIMITS.transfersKeptMax;
    // Whichever node the other tank was on at the time.
    const rows =
      pair.side === "out"
        ? await journal.outbox({ limit, states: ["delivered"] })
        : await journal.inbox({ limit, states: ["accepted"] });
    return rows
      .filter(
        (row) =>
          row.source_tank_id === pair.source_tank_id &&
          row.destination_tank_id === pair.destination_tank_id &&
          row.entity_type === pair.entity_type,
      )
      .slice(0, LOOK_ROWS_MAX)
      .map(({ sequence, entity_id }) => ({ sequence, entity_id }));
  }
}
