import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import type { TransferView } from "../migration/migration.ts";
import { LIMITS } from "../platform/limits.ts";
import { ENTITY_TYPES } from "../store/rows.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { noteToken } from "./middleware/control-token.ts";
import { json, nameParameter, newRouter, refusal } from "./router.ts";

const ROWS_DEFAULT = 100;

const stateSchema = z.enum([
  "pending",
  "in_doubt",
  "delivered",
  "returned",
  "accepted",
  "refused",
  "aborted",
]);

const transferSchema = z.object({
  transfer_id: z.string(),
  direction: z.enum(["out", "in"]),
  state: stateSchema,
  entity_type: z.enum(ENTITY_TYPES),
  entity_id: z.string().nullable(),
  source_tank_id: z.string(),
  source_node_id: z.string(),
  source_server_id: z.string().nullable(),
  destination_tank_id: z.string(),
  destination_node_id: z.string(),
  destination_server_id: z.string().nullable(),
  sequence: z.number().int().describe("Counts the transfers of one pair of tanks, from 1"),
  attempts: z.number().int(),
  reason: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});

const listedSchema = transferSchema.extend({
  transfer_id: z
    .string()
    .nullable()
    .describe("Null for an open transfer, unless the control token is sent: its two ends know it"),
});

/** A transfer with its audit trail. */
export const transferDetailSchema = transferSchema.extend({
  events: z
    .array(
      z.object({
        transfer_id: z.string(),
        at: z.string(),
        event: z.enum([
          "initiated",
          "prepared",
          "committed",
          "returned",
          "aborted",
          "in_doubt",
          "resolved",
          "accepted",
          "refused",
        ]),
        detail: z.string(),
      }),
    )
    .readonly(),
});

const tags = ["transfers"];

const list = createRoute({
  method: "get",
  path: "/api/transfers",
  tags,
  summary: "Transfers that this node sent or received, newest first",
  // The token may be sent, for the ids of open transfers.
  security: [{}, { controlToken: [] }],
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(LIMITS.listRowsMax).default(ROWS_DEFAULT),
      state: stateSchema.optional(),
    }),
  },
  responses: {
    200: json(
      z.object({ transfers: z.array(listedSchema).readonly(), count: z.number().int() }),
      "The transfers",
    ),
    default: refusal,
  },
});

const show = createRoute({
  method: "get",
  path: "/api/transfers/{transfer_id}",
  tags,
  summary: "One transfer with its events",
  request: { params: z.object({ transfer_id: nameParameter }) },
  responses: { 200: json(transferDetailSchema, "The transfer"), default: refusal },
});

/** Whoever knows the id of an open transfer could claim it elsewhere in the name of its source. */
function withoutOpenId(transfer: TransferView): z.infer<typeof listedSchema> {
  const isOpen = transfer.state === "pending" || transfer.state === "in_doubt";
  return isOpen ? { ...transfer, transfer_id: null } : transfer;
}

/** Routes to read transfers. Those that change one are routes between nodes. */
export function transferRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { migration, controlToken: token } = context;
  const routes = newRouter();

  routes.use(list.path, noteToken({ token }));
  routes.openapi(list, async (c) => {
    const { limit, state } = c.req.valid("query");
    const all = await migration.transfers(state === undefined ? { limit } : { limit, state });
    const transfers = c.get("controlled") ? all : all.map(withoutOpenId);
    return c.json({ transfers, count: transfers.length }, 200);
  });
  routes.openapi(show, async (c) =>
    c.json(await migration.transfer(c.req.valid("param").transfer_id), 200),
  );
  return routes;
}
