/** Two nodes whose tanks exchange fish, of this build or of an earlier one. */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { z } from "zod";
import { until } from "../../test/support/commands.ts";
import type { NodeApi } from "../../test/support/node-api.ts";
import { processorSeconds } from "../proc.ts";

/** A node as it is measured from outside. */
export interface Side {
  readonly api: NodeApi;
  readonly directory: string;
  readonly pid: number;
}

/** Pairs of tanks: each with the one of the same place, or each with all of the other node. */
export type Layout = "pairs" | "mesh";

const tanksSchema = z.object({
  tanks: z.array(z.object({ tank: z.object({ tank_id: z.string() }) })),
});

const MEET_MS = 60_000;
const DELIVERED = /^tankd_transfers_total\{direction="out",state="delivered"\} (\d+)$/m;

export class Pair {
  readonly sides: readonly [Side, Side];

  constructor(sides: readonly [Side, Side]) {
    this.sides = sides;
  }

  /** Fish travel, but no tank ticks: what remains is the cost of the transfers. */
  async pauseTanks(): Promise<void> {
    for (const side of this.sides) {
      for (const tank of await tanksOf(side)) {
        await side.api.change("POST", `/api/tanks/${tank}/pause`);
      }
    }
  }

  /** Connects both ways at 100 %; `terms` are those that the build knows besides. */
  async connect(layout: Layout, terms: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const [one, other] = this.sides;
    const [ones, others] = [await tanksOf(one), await tanksOf(other)];
    await connectFrom(one, ones, others, { layout, terms });
    await connectFrom(other, others, ones, { layout, terms });
  }

  /** Transfers that were delivered so far, both ways. */
  async delivered(): Promise<number> {
    let sum = 0;
    for (const { api } of this.sides) {
      sum += Number(DELIVERED.exec(await api.text("/metrics"))?.[1] ?? 0);
    }
    return sum;
  }

  /** Of both processes. */
  processorMs(): number {
    return this.sides.reduce((sum, { pid }) => sum + processorSeconds(pid) * 1000, 0);
  }

  /**
   * Milliseconds from the export of a fish until its source knew that it is durable where it went,
   * of all deliveries since `sinceMs` (wall time).
   */
  latencies(sinceMs: number): readonly number[] {
    return this.sides.flatMap(({ directory }) => {
      const database = new Database(join(directory, "tankd.db"), { readonly: true });
      const taken = database
        .query<{ ms: number }, [number]>(
          "SELECT updated_at - created_at AS ms FROM outbox " +
            "WHERE state = 'delivered' AND created_at >= ?",
        )
        .all(sinceMs);
      database.close();
      return taken.map(({ ms }) => ms);
    });
  }
}

async function tanksOf({ api }: Side): Promise<readonly string[]> {
  const { tanks } = await api.get("/api/tanks", tanksSchema);
  return tanks.map(({ tank }) => tank.tank_id);
}

async function connectFrom(
  { api }: Side,
  from: readonly string[],
  to: readonly string[],
  how: { readonly layout: Layout; readonly terms: Readonly<Record<string, unknown>> },
): Promise<void> {
  for (const [place, source] of from.entries()) {
    const same = to[place];
    const destinations = how.layout === "mesh" ? to : same === undefined ? [] : [same];
    for (const destination of destinations) {
      const body = {
        source_tank_id: source,
        destination_tank_id: destination,
        probability: 100,
        ...how.terms,
      };
      // Until the nodes have met, the destination is not known.
      await until("the nodes have met", MEET_MS, async () => {
        await api.change("POST", "/api/connections", body);
        return true;
      });
    }
  }
}
