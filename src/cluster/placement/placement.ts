import type { Clock } from "../../platform/clock.ts";
import { hasRights } from "../rights.ts";
import type { AnnouncedTank, ServerRecord } from "../server-record.ts";
import { coresOf, loadOf, loadWith, misfit, type Pending, type Wish } from "./fit.ts";

export interface PlacementPorts {
  readonly nodeId: string;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly servers: () => readonly ServerRecord[];
  readonly tanksOf: (nodeId: string) => readonly AnnouncedTank[];
  /** Whether other nodes take orders of this one. */
  readonly mayOrder: () => boolean;
}

/** A server that can take the tank. */
export interface Candidate {
  readonly node_id: string;
  readonly server_id: string;
  readonly is_local: boolean;
  /** See `loadWith`. */
  readonly load: number;
}

/** See `loadOf`. */
export interface ServerLoad {
  readonly node_id: string;
  readonly load: number;
  readonly cores: number;
  /** Whether it takes further tanks. */
  readonly accepts: boolean;
}

export interface Candidates {
  /** The least loaded first. */
  readonly fitting: readonly Candidate[];
  /** The others, each with why, as a clause. */
  readonly unfit: readonly { readonly server_id: string; readonly why: string }[];
}

/** A tank that was placed from here. */
export type PlacedTank = Pick<AnnouncedTank, "tank_id" | "name">;

/** A tank that is counted at a server before its record counts it. */
export interface Reservation {
  /** It is there. */
  placed(tank: PlacedTank): void;
  /** It is not, and will not be. */
  release(): void;
}

interface Reserved {
  readonly nodeId: string;
  readonly fish: number;
  readonly atMs: number;
  tank: PlacedTank | undefined;
}

/** The longest that a placed tank is missing from a record: three heartbeats of production. */
const FORGOTTEN_AFTER_MS = 90_000;

/**
 * Chooses servers for tanks by what is known of the servers. Records are seconds old, so what was
 * placed from here since counts as well: several tanks in a row do not all go to one server.
 */
export class Placement {
  readonly #ports: PlacementPorts;
  readonly #reserved = new Set<Reserved>();

  constructor(ports: PlacementPorts) {
    this.#ports = ports;
  }

  /** @param isWanted leaves out servers that are not meant at all */
  candidates(wish: Wish, isWanted: (record: ServerRecord) => boolean = () => true): Candidates {
    const { nodeId, servers, mayOrder } = this.#ports;
    this.#forget();
    const fitting: Candidate[] = [];
    const unfit: { server_id: string; why: string }[] = [];
    for (const record of servers().filter(isWanted)) {
      const { server_id, node_id } = record;
      const is_local = node_id === nodeId;
      const pending = this.#pendingAt(node_id ?? "");
      const why =
        misfit(record, pending, wish) ??
        (is_local || mayOrder() ? undefined : "takes orders only under a common cluster secret");
      if (why !== undefined) unfit.push({ server_id, why });
      else if (node_id !== null) {
        fitting.push({ node_id, server_id, is_local, load: loadWith(record, pending, wish.fish) });
      }
    }
    // Of equals this node comes first, where nothing has to be sent.
    fitting.sort((a, b) => a.load - b.load || Number(b.is_local) - Number(a.is_local));
    return { fitting, unfit };
  }

  /** Every member that is online, this node included, with its load by its tanks alone. */
  loads(): readonly ServerLoad[] {
    this.#forget();
    return this.#ports.servers().flatMap((record) => {
      const { node_id } = record;
      if (node_id === null || record.status !== "online" || !hasRights(record)) return [];
      const pending = this.#pendingAt(node_id);
      const load = loadOf(record, pending);
      const accepts = misfit(record, pending, { fish: 0 }) === undefined;
      return [{ node_id, load, cores: coresOf(record), accepts }];
    });
  }

  reserve(nodeId: string, fish: number): Reservation {
    const atMs = this.#ports.clock.monotonicMs();
    const reserved: Reserved = { nodeId, fish, atMs, tank: undefined };
    this.#reserved.add(reserved);
    return {
      placed: (tank) => {
        reserved.tank = tank;
      },
      release: () => void this.#reserved.delete(reserved),
    };
  }

  /** Tanks that were placed, and that no list names yet. */
  placed(): readonly { readonly node_id: string; readonly tank: PlacedTank }[] {
    this.#forget();
    return [...this.#reserved].flatMap(({ nodeId: node_id, tank }) =>
      tank ? [{ node_id, tank }] : [],
    );
  }

  /** A tank that its server has announced is in its record. */
  #forget(): void {
    const nowMs = this.#ports.clock.monotonicMs();
    for (const one of this.#reserved) {
      const isOld = nowMs - one.atMs > FORGOTTEN_AFTER_MS;
      const announced = this.#ports.tanksOf(one.nodeId);
      const isListed = announced.some(({ tank_id }) => tank_id === one.tank?.tank_id);
      if (isOld || isListed) this.#reserved.delete(one);
    }
  }

  #pendingAt(nodeId: string): Pending {
    let tanks = 0;
    let fish = 0;
    for (const one of this.#reserved) {
      if (one.nodeId !== nodeId) continue;
      tanks += 1;
      fish += one.fish;
    }
    return { tanks, fish };
  }
}
