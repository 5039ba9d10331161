import { z } from "zod";
import { rfc3339 } from "../platform/clock.ts";
import { Problem } from "../platform/errors.ts";
import type { TankStats } from "../sim/types.ts";
import type { HostedTank } from "../tanks/tanks.ts";
import type { ApiContext } from "./context.ts";
import { DetailedProblem } from "./problems.ts";
import { whereIs } from "./whereabouts.ts";

const count = z.number().int().nonnegative();

const birthsSchema = z
  .object({ sexual: count, asexual: count, banked: count, poker: count })
  .describe("By kind; banked ones are paid from saved energy, poker ones follow a game");

const deathsSchema = z.object({ starvation: count, predation: count, old_age: count });

const ledgerSchema = z
  .object({
    founded: count,
    born: count,
    spawned: count,
    imported: count,
    restored: count,
    died: deathsSchema,
    exported: count,
    removed: count,
  })
  .describe("alive = founded + born + spawned + imported + restored - died - exported - removed");

const plantLedgerSchema = z
  .object({
    founded: count,
    sprouted: count,
    spawned: count,
    imported: count,
    restored: count,
    withered: count,
    exported: count,
  })
  .describe(
    "plant_count = founded + sprouted + spawned + imported + restored - withered - exported",
  );

/** The statistics of a tank at one tick. */
export const figuresSchema = z.object({
  fish_count: count,
  food_count: count,
  capacity: count,
  max_generation: count,
  energy: z.number(),
  diversity: z.number(),
  births: birthsSchema,
  deaths: deathsSchema,
  poker_games: z
    .object({ fish: count, plants: count })
    .describe("Games among fish only, and of fish with plants"),
  plant_count: count,
  ledger: ledgerSchema,
  plant_ledger: plantLedgerSchema,
});

export function viewFigures(stats: TankStats): z.infer<typeof figuresSchema> {
  return {
    fish_count: stats.alive,
    food_count: stats.food,
    capacity: stats.capacity,
    max_generation: stats.maxGeneration,
    energy: stats.energy,
    diversity: stats.diversity,
    births: stats.births,
    deaths: stats.ledger.died,
    poker_games: stats.games,
    plant_count: stats.plants,
    ledger: stats.ledger,
    plant_ledger: stats.plantLedger,
  };
}

/** A hosted tank as the API shows it. */
export const tankViewSchema = z.object({
  tank: z.object({
    tank_id: z.string(),
    name: z.string(),
    description: z.string(),
    server_id: z.string(),
    created_at: z.string(),
    epoch: count.describe("Counts the moves of the tank between nodes, from 1"),
    tick: count,
    seq: count.describe("The last command applied"),
    durable_seq: count.describe("The last durable command"),
    status: z.enum(["running", "paused", "stopped"]),
  }),
  ...figuresSchema.shape,
  stopped_reason: z.string().nullable().describe("Why it is stopped; null while it is not"),
  tick_rate: z.number().describe("Requested ticks per second; 0 = as fast as possible"),
  ticks_per_second: z.number().describe("Achieved ticks per second over the last seconds"),
  tick_lag: count.describe("Ticks behind schedule"),
  skipped_ticks: count.describe(
    "Scheduled ticks that were skipped since it was loaded, " +
      "because it was over a second behind",
  ),
  fast_forward_to: count.nullable().describe("The end of a fast-forward in progress"),
  past_from_tick: count
    .nullable()
    .describe("The first tick of its past that can still be viewed; null before it is known"),
  seed: count,
  founders: count,
});

export type TankView = z.infer<typeof tankViewSchema>;

export function viewTank(hosted: HostedTank, serverId: string): TankView {
  const { row, stats } = hosted;
  return {
    tank: {
      tank_id: row.tank_id,
      name: row.name,
      description: row.description,
      server_id: serverId,
      created_at: rfc3339(row.created_at),
      epoch: row.epoch,
      tick: stats.tick,
      seq: hosted.seq,
      durable_seq: hosted.durableSeq,
      status: hosted.status,
    },
    ...viewFigures(stats),
    stopped_reason: hosted.reason ?? null,
    tick_rate: hosted.tickRate,
    ticks_per_second: hosted.achievedRate,
    tick_lag: hosted.tickLag,
    skipped_ticks: hosted.skippedTicks,
    fast_forward_to: hosted.fastForwardTo ?? null,
    past_from_tick: hosted.pastFromTick ?? null,
    seed: row.seed,
    founders: row.fish,
  };
}

/**
 * The tank, if this node hosts it. Throws Problem `unknown_tank`, which names its host if known;
 * `moved` for a tank that was here.
 */
export function hostedTank(context: ApiContext, tankId: string): HostedTank {
  const hosted = context.tanks.get(tankId);
  if (hosted !== undefined) return hosted;
  const place = whereIs(context, tankId);
  if (place === undefined || place.is_local) throw unknownTank(tankId);
  const { node_id, server_id } = place;
  const url = context.cluster.server(node_id)?.api_url;
  if (context.migration.movedTo(place.tank.tank_id) !== undefined) {
    throw new DetailedProblem(
      "moved",
      `Tank ${place.tank.tank_id} has moved to the server ${server_id}` +
        (url === undefined ? "" : `; ask ${url}`),
      { members: { node_id, server_id, api_url: url ?? null, epoch: place.tank.epoch } },
    );
  }
  throw new Problem(
    "unknown_tank",
    `Tank ${place.tank.tank_id} is hosted by the server ${place.server_id}, not by this node` +
      (url === undefined ? "" : `; ask ${url}`),
  );
}

export function unknownTank(tankId: string): Problem {
  return new Problem("unknown_tank", `There is no tank ${tankId} on this node`);
}

/** Refuses what only another server can do. */
export function refuseForeignServer(context: ApiContext, serverId: string | undefined): void {
  if (serverId === undefined) return;
  const { cluster } = context;
  if (serverId === cluster.serverId || serverId === cluster.nodeId) return;
  const server = cluster.server(serverId);
  if (server === undefined) {
    throw new Problem("unknown_server", `There is no server ${serverId}`);
  }
  throw cluster.orders.refusal(serverId, server.api_url);
}

/** @throws Problem `draining` while this node takes no tanks */
export function requireNoDrain({ relocation }: ApiContext): void {
  const refusal = relocation.drain.refusal();
  if (refusal !== undefined) throw refusal;
}
