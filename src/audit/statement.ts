import { z } from "zod";
import { LIMITS } from "../platform/limits.ts";

/**
 * What a node states of its own tanks and transfers, and what it is asked of single entities.
 * `docs/protocol.md` specifies both. Ids of transfers are in neither: an open one is known to its
 * two ends only.
 */

export const STATEMENT_PATH = "/api/audit/statement";
export const LOOK_PATH = "/api/audit/look";

const name = z.string().min(1).max(LIMITS.nameCharactersMax);
const entityId = z.string().min(1).max(LIMITS.nameCharactersMax);
const entityType = z.string().max(LIMITS.labelCharactersMax);
const count = z.number().int().nonnegative();

/** Asks for a statement, or for a further page of one. */
export const statementRequestSchema = z.strictObject({
  version: z.literal(1),
  /** `counts`: without the tanks and their fish. */
  about: z.enum(["everything", "counts"]).default("everything"),
  statement_id: name.optional(),
  page: count.optional(),
});
export type StatementRequest = z.input<typeof statementRequestSchema>;

const ledgerSchema = z.object({
  founded: count,
  born: count,
  spawned: count,
  imported: count,
  restored: count,
  died: z.record(z.string(), count),
  exported: count,
  removed: count,
});

/** A number that grew from one to the other while it was read. */
const boundsSchema = z.tuple([count, count]);

const tankSchema = z.object({
  tank_id: name,
  name: z.string().max(LIMITS.nameCharactersMax),
  /** Its committed position. */
  epoch: count,
  seq: count,
  tick: count,
  alive: count,
  ledger: ledgerSchema,
  /** The transfers by which the ledger has to be so, what was never counted included. */
  exported: boundsSchema,
  restored: boundsSchema,
  imported: boundsSchema,
});
export type TankStatement = z.infer<typeof tankSchema>;

const unreadSchema = z.object({
  tank_id: name,
  name: z.string().max(LIMITS.nameCharactersMax),
  reason: z.string().max(1_000),
});

const fishSchema = z.object({
  tank_id: name,
  entity_ids: z.array(entityId),
  hops: z.array(count),
});

const escrowSchema = z.object({
  entity_id: entityId,
  entity_type: entityType,
  source_tank_id: name,
  /** The node that has begun it, where its tank has moved since. */
  source_node_id: name.optional(),
  destination_node_id: name,
  destination_tank_id: name,
  sequence: count,
});
export type EscrowStatement = z.infer<typeof escrowSchema>;

const pairSchema = z.object({
  side: z.enum(["out", "in"]),
  node_id: name,
  source_tank_id: name,
  destination_tank_id: name,
  entity_type: entityType,
  /** By state. */
  counts: z.record(z.string(), count),
});
export type PairStatement = z.infer<typeof pairSchema>;

/** A tank that this node has; versions before moves of tanks do not say. */
const hostedSchema = z.object({ tank_id: name });

/** A tank that this node had, and who has it since. */
const departedSchema = z.object({ tank_id: name, node_id: name, epoch: count });

const contentSchema = z.object({
  node_id: name,
  server_id: z.string().max(LIMITS.nameCharactersMax),
  /** False where a version that did not count has removed transfers. */
  whole: z.boolean(),
  tanks: z.array(tankSchema),
  /** Tanks that cannot be read now. */
  unread: z.array(unreadSchema),
  fish: z.array(fishSchema),
  escrow: z.array(escrowSchema),
  pairs: z.array(pairSchema),
  hosted: z.array(hostedSchema).default([]),
  departed: z.array(departedSchema).default([]),
  /** Tanks that move from or to this node just now. */
  under_way: z
    .array(z.object({ tank_id: name, name: z.string().max(LIMITS.nameCharactersMax) }))
    .default([]),
});
export type Statement = z.infer<typeof contentSchema>;

export const statementPageSchema = contentSchema.extend({
  version: z.literal(1),
  statement_id: name,
  page: count,
  pages: count,
});
export type StatementPage = z.infer<typeof statementPageSchema>;

/** Entities in one look: 30 kB of ids. */
export const LOOK_ENTITIES_MAX = 1_000;
/** Kept rows of one pair in one answer, newest first. */
export const LOOK_ROWS_MAX = 2_000;

const pairKeySchema = pairSchema.omit({ counts: true });
export type PairKey = z.infer<typeof pairKeySchema>;

export const lookRequestSchema = z.strictObject({
  version: z.literal(1),
  entity_ids: z.array(entityId).max(LOOK_ENTITIES_MAX),
  /** Whether it is asked where they are, too, and not only which transfers brought them. */
  places: z.boolean().default(false),
  /** The pair whose delivered or accepted transfers are listed. */
  pair: pairKeySchema.optional(),
  /** The tank whose log is compared with its transfers. */
  tank_id: name.optional(),
});
export type LookRequest = z.input<typeof lookRequestSchema>;

/** Fish of one tank in each list. */
export const UNMATCHED_MAX = 100;

/** Fish that only the tank's log tells of, and those that only its transfers do, newest first. */
const unmatchedSchema = z.object({ logged: z.array(entityId), recorded: z.array(entityId) });

/** Where the entities are on this node, and what it has accepted of them. */
export const lookSchema = z.object({
  version: z.literal(1),
  node_id: name,
  alive: z.array(z.object({ entity_id: entityId, tank_id: name, hops: count })),
  escrow: z.array(escrowSchema),
  accepted: z.array(
    z.object({
      entity_id: entityId,
      source_node_id: name,
      source_tank_id: name,
      destination_tank_id: name,
      sequence: count,
    }),
  ),
  kept: z.array(z.object({ sequence: count, entity_id: entityId.nullable() })),
  unmatched: z
    .object({ exported: unmatchedSchema, restored: unmatchedSchema, imported: unmatchedSchema })
    .optional(),
});
export type Look = z.infer<typeof lookSchema>;
