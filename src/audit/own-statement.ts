import { messageOf } from "../platform/errors.ts";
import { sleep, type Timers } from "../platform/timers.ts";
import type { Journal } from "../store/journal.ts";
import type { MoveState, OutboxRow } from "../store/rows.ts";
import type { CommittedCensus, HostedTank, Tanks } from "../tanks/tanks.ts";
import { countsByPair, countsByTank, isExact, NO_COUNTS, type TankCounts } from "./counts.ts";
import type { EscrowStatement, Statement, TankStatement } from "./statement.ts";
import { Uncounted } from "./uncounted.ts";

export interface OwnStatementPorts {
  readonly nodeId: string;
  readonly cluster: { readonly serverId: string };
  readonly tanks: Tanks;
  readonly journal: Journal;
  readonly timers: Timers;
}

/** States of a move in which its tank is on none of the two nodes for certain. */
const UNDER_WAY: ReadonlySet<MoveState> = new Set(["sealed", "moved", "stored"]);
/** Tanks that are counted together, between two readings of the journal. */
const TANKS_AT_ONCE = 16;
/** How often a tank is counted in which a fish moves just then. */
const PASSES_MAX = 3;
/** A simulation that is busy for longer is not waited for. */
const CENSUS_TIMEOUT_MS = 5_000;

/**
 * What this node can say of its tanks and transfers. The journal is read before and after each
 * census, and its counts only grow, so the ledger has to lie between the two. Nothing is stopped.
 */
export class OwnStatement {
  readonly #ports: OwnStatementPorts;
  readonly #uncounted: Uncounted;

  constructor(ports: OwnStatementPorts) {
    this.#ports = ports;
    this.#uncounted = new Uncounted(ports.journal);
  }

  /** Only what is counted of transfers, and who is in escrow. */
  async counts(): Promise<Statement> {
    const { journal, nodeId, cluster, tanks } = this.#ports;
    // Before and after, so that no tank comes or goes unnoticed between the two.
    const [uncounted, moving] = await Promise.all([this.#uncounted.read(), this.#underWay()]);
    const rows = await journal.transferCounts();
    const [owned, later] = await Promise.all([journal.movedTanks(), this.#underWay()]);
    const under_way = [...moving, ...later];
    // Last: a fish is seldom on its way for long.
    const open = await journal.openOutbox();
    return {
      node_id: nodeId,
      server_id: cluster.serverId,
      whole: uncounted === undefined,
      tanks: [],
      unread: [],
      fish: [],
      escrow: open.map(escrowOf),
      pairs: countsByPair(rows),
      hosted: tanks.list().map(({ row: { tank_id } }) => ({ tank_id })),
      departed: owned
        .filter((row) => row.node_id !== nodeId)
        .map(({ tank_id, node_id, epoch }) => ({ tank_id, node_id, epoch })),
      under_way,
    };
  }

  async #underWay(): Promise<Statement["under_way"]> {
    const moves = await this.#ports.journal.moves();
    return moves
      .filter(({ state }) => UNDER_WAY.has(state))
      .map(({ tank_id, name }) => ({ tank_id, name }));
  }

  async everything(): Promise<Statement> {
    const tanks: TankStatement[] = [];
    const fish: Statement["fish"] = [];
    const unread: Statement["unread"] = [];
    let left = this.#ports.tanks.list();
    for (let pass = 1; left.length > 0; pass++) {
      const moving: HostedTank[] = [];
      for (let from = 0; from < left.length; from += TANKS_AT_ONCE) {
        for (const read of await this.#readTanks(left.slice(from, from + TANKS_AT_ONCE))) {
          if ("reason" in read) unread.push(read.reason);
          else if (isExact(read.tank) || pass === PASSES_MAX) {
            tanks.push(read.tank);
            fish.push(read.fish);
          } else moving.push(read.hosted);
        }
      }
      left = moving;
    }
    return { ...(await this.counts()), tanks, fish, unread };
  }

  /** The census of one tank. Rejects when it is stopped, or busy for long. */
  async census(tankId: string): Promise<CommittedCensus> {
    const { tanks, timers } = this.#ports;
    const over = new AbortController();
    const tooLong = sleep(timers, CENSUS_TIMEOUT_MS, over.signal).then(() => {
      throw new Error("its simulation is busy");
    });
    try {
      return await Promise.race([tanks.census(tankId), tooLong]);
    } finally {
      tooLong.catch(() => {});
      over.abort();
    }
  }

  async #readTanks(hosted: readonly HostedTank[]): Promise<readonly ReadTank[]> {
    const { journal } = this.#ports;
    const before = countsByTank(await journal.transferCounts());
    const censuses = await Promise.allSettled(hosted.map(({ row }) => this.census(row.tank_id)));
    const after = countsByTank(await journal.transferCounts());
    const read: ReadTank[] = [];
    for (const [index, tank] of hosted.entries()) {
      const census = censuses[index];
      const { tank_id, name } = tank.row;
      if (census?.status === "fulfilled") {
        const [least, most] = [before, after].map((counts) => counts.get(tank_id) ?? NO_COUNTS);
        const bounds = { least: least ?? NO_COUNTS, most: most ?? NO_COUNTS };
        read.push(await this.#tankOf(tank, census.value, bounds));
      } else {
        // Removed since it was listed.
        if (!this.#ports.tanks.get(tank_id)) continue;
        read.push({ reason: { tank_id, name, reason: messageOf(census?.reason).slice(0, 1_000) } });
      }
    }
    return read;
  }

  async #tankOf(hosted: HostedTank, census: CommittedCensus, bounds: Bounds): Promise<ReadTank> {
    const { tank_id, name } = hosted.row;
    const { epoch, seq, tick, alive, ledger, fish_ids, hops } = census;
    const { least, most } = await this.#withUncounted(tank_id, ledger, bounds);
    const tank: TankStatement = {
      tank_id,
      name,
      epoch,
      seq,
      tick,
      alive,
      ledger,
      exported: [least.exported, most.exported],
      restored: [least.restored, most.restored],
      imported: [least.imported, most.imported],
    };
    return { hosted, tank, fish: { tank_id, entity_ids: [...fish_ids], hops: [...hops] } };
  }

  /** Adds what was never counted; at the first exact census that is what the ledger has more. */
  async #withUncounted(tankId: string, ledger: TankCounts, bounds: Bounds): Promise<Bounds> {
    const stored = (await this.#uncounted.read())?.[tankId];
    if (stored === undefined) return bounds;
    const { least, most } = bounds;
    if (stored !== null) {
      return { least: combine(least, stored, plus), most: combine(most, stored, plus) };
    }
    const widened = {
      least: combine(least, ledger, Math.min),
      most: combine(most, ledger, Math.max),
    };
    const isStill = combine(least, most, minus);
    if (isStill.exported + isStill.restored + isStill.imported !== 0) return widened;
    const missing = combine(ledger, most, (ledgerHas, counted) => Math.max(0, ledgerHas - counted));
    await this.#uncounted.settle(tankId, missing);
    return { least: combine(least, missing, plus), most: combine(most, missing, plus) };
  }
}

interface Bounds {
  readonly least: TankCounts;
  readonly most: TankCounts;
}

type ReadTank =
  | {
      readonly hosted: HostedTank;
      readonly tank: TankStatement;
      readonly fish: Statement["fish"][number];
    }
  | { readonly reason: Statement["unread"][number] };

const plus = (a: number, b: number) => a + b;
const minus = (a: number, b: number) => a - b;

function combine(a: TankCounts, b: TankCounts, by: (a: number, b: number) => number): TankCounts {
  return {
    exported: by(a.exported, b.exported),
    restored: by(a.restored, b.restored),
    imported: by(a.imported, b.imported),
  };
}

export function escrowOf(row: OutboxRow): EscrowStatement {
  return {
    entity_id: row.entity_id,
    entity_type: row.entity_type,
    source_tank_id: row.source_tank_id,
    ...(row.source_node_id === null ? {} : { source_node_id: row.source_node_id }),
    destination_node_id: row.destination_node_id,
    destination_tank_id: row.destination_tank_id,
    sequence: row.sequence,
  };
}
