import { z } from "zod";
import { HEALTHS } from "../migration/connections/health.ts";
import { TERMS_DEFAULT } from "../migration/connections/terms.ts";
import type { ConnectionView } from "../migration/migration.ts";
import { rfc3339 } from "../platform/clock.ts";
import { LIMITS } from "../platform/limits.ts";
import {
  CONNECTION_DIRECTIONS,
  CONNECTION_MODES,
  REPLACEMENTS,
  STRATEGIES,
} from "../store/rows.ts";
import { nameParameter, tankParameter } from "./router.ts";

const counter = z.number().int().nonnegative();

const destinationSchema = z.object({
  tank_id: z.string(),
  node_id: z.string(),
  server_id: z.string(),
  health: z
    .enum(HEALTHS)
    .describe("`gone`: there is no such tank; `full`: it had no room for the last fish"),
  health_reason: z.string().nullable(),
  rtt_ms: z.number().nullable().describe("Of its node; null for this one"),
  sent: counter.describe("Fish that left for it, or were copied"),
  delivered: counter,
  returned: counter,
  last_delivered_at: z.string().nullable().describe("Null before the first delivery"),
});

export const termSchemas = {
  probability: z.number().min(0).max(100).describe("Percent per draw"),
  direction: z.enum(CONNECTION_DIRECTIONS).describe("The wall by which fish leave"),
  selection: z
    .string()
    .max(LIMITS.labelCharactersMax)
    .describe(
      "Which fish leave: `random` (those at the wall of the direction first), `boundary` (only " +
        "those), `oldest`, `youngest`, `best` by energy, or `best:TRAIT`",
    ),
  count: z.number().int().min(1).max(LIMITS.migrantsPerDrawMax).describe("Fish per draw"),
  rate: z
    .number()
    .positive()
    .max(LIMITS.connectionRateMax)
    .nullable()
    .describe("Fish per minute, at most; null without a limit"),
  status: z.enum(["running", "paused"]),
  strategy: z
    .enum(STRATEGIES)
    .describe(
      "Which of several destinations is next: the first that can be reached, each in turn," +
        " the one with the fewest fish in a tank, any; of copies all (`broadcast`)",
    ),
  mode: z
    .enum(CONNECTION_MODES)
    .describe(
      "`copy`: the fish stay, and others like them are born at the destination, with new ids",
    ),
  replacement: z
    .enum(REPLACEMENTS)
    .describe(
      "What is asked of a tank that is full: `fair`, a better fish takes the place of the worst; " +
        "its node has to agree (--replacement asked), unless it is this one",
    ),
};

export const connectionSchema = z.object({
  connection_id: z.string(),
  source_tank_id: z.string(),
  source_server_id: z.string(),
  destination_tank_id: z.string().describe("The first of the destinations"),
  destination_node_id: z.string(),
  destination_server_id: z.string(),
  destinations: z.array(destinationSchema),
  ...termSchemas,
  topology: z.string().nullable().describe("The topology that it belongs to"),
  origin: z.enum(["auto", "manual"]),
  created_at: z.string(),
});

/** Terms of a new connection; the defaults are those of the automatic one. */
export const newTermSchemas = {
  probability: termSchemas.probability.default(TERMS_DEFAULT.probability),
  direction: termSchemas.direction.default(TERMS_DEFAULT.direction),
  selection: termSchemas.selection.default(TERMS_DEFAULT.selection),
  count: termSchemas.count.default(TERMS_DEFAULT.count),
  // Without a default: generators of Python clients write one of null as it is in JSON.
  rate: termSchemas.rate.optional(),
  status: termSchemas.status.default(TERMS_DEFAULT.status),
  mode: termSchemas.mode.default(TERMS_DEFAULT.mode),
  replacement: termSchemas.replacement.default(TERMS_DEFAULT.replacement),
  force: z.boolean().default(false).describe("Store it even if a tank cannot be reached now"),
};

export const destinationNameSchema = z.strictObject({
  tank_id: tankParameter,
  server_id: nameParameter.optional(),
});

export function showConnection(view: ConnectionView): z.infer<typeof connectionSchema> {
  return {
    ...view,
    created_at: rfc3339(view.created_at),
    destinations: view.destinations.map(({ last_delivered_at: at, ...destination }) => ({
      ...destination,
      last_delivered_at: at === null ? null : rfc3339(at),
    })),
  };
}
