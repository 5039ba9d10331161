import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import type { TransferDetail } from "../migration/migration.ts";
import { LIMITS } from "../platform/limits.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv, ApiMiddleware } from "./env.ts";
import { idempotency } from "./middleware/idempotency.ts";
import { asResponse, orderOf } from "./orders.ts";
import { DetailedProblem } from "./problems.ts";
import { control, json, nameParameter, newRouter, refusal, tankParameter } from "./router.ts";
import { type SentTransfer, sentTransferSchema } from "./sent-transfer.ts";
import { transferDetailSchema } from "./transfers.ts";
import { whereIs } from "./whereabouts.ts";

const newTransferSchema = z.strictObject({
  source_tank_id: tankParameter,
  dest_tank_id: tankParameter,
  dest_server_id: nameParameter
    .optional()
    .describe("Needed where the directory does not list the tank"),
  entity_id: nameParameter,
  entity_type: z.enum(["fish", "plant"]).default("fish"),
});

const tags = ["transfers"];

const send = (context: ApiContext) => {
  const { middleware, security } = control(context);
  return createRoute({
    method: "post",
    path: "/gateway/transfer",
    tags,
    summary: "Send one fish or plant of any tank of the cluster to another tank",
    description:
      "Waits a few seconds for the decision of the destination. From a tank of another node it " +
      "is sent under a common cluster secret.",
    security,
    middleware: [
      ...middleware,
      atItsSource(context),
      idempotency({ keysMax: LIMITS.idempotencyKeysMax }),
    ],
    request: {
      headers: z.object({ "idempotency-key": z.string().optional() }),
      body: { required: true, ...json(newTransferSchema, "The tanks and the entity") },
    },
    responses: {
      200: json(sentTransferSchema, "It has arrived"),
      202: json(sentTransferSchema, "It is in escrow: its destination has not decided yet"),
      default: refusal,
    },
  });
};

const resolve = (context: ApiContext) =>
  createRoute({
    method: "post",
    path: "/api/transfers/{transfer_id}/resolve",
    tags,
    summary: "End the escrow of a transfer by hand",
    description:
      "For a destination that is gone for good: what it has decided is not asked. If the fish " +
      "is restored though it had arrived, it lives twice; if it is taken for delivered though it " +
      "had not, it is lost. An audit tells both.",
    ...control(context),
    request: {
      params: z.object({ transfer_id: nameParameter }),
      body: {
        required: true,
        ...json(z.strictObject({ decision: z.enum(["restore", "delivered"]) }), "The decision"),
      },
    },
    responses: { 200: json(transferDetailSchema, "It is settled"), default: refusal },
  });

/** Transfers by an operator's hand. */
export function handTransferRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { migration } = context;
  const routes = newRouter();

  routes.openapi(send(context), async (c) => {
    const asked = c.req.valid("json");
    const sent = await migration.byHand.send({
      source_tank_id: asked.source_tank_id,
      destination: { tank_id: asked.dest_tank_id, server_id: asked.dest_server_id },
      entity_type: asked.entity_type,
      entity_id: asked.entity_id,
    });
    if (sent.state === "returned") throw refusedBy(sent);
    return c.json(viewOf(sent, asked.entity_id), sent.state === "delivered" ? 200 : 202);
  });
  routes.openapi(resolve(context), async (c) => {
    const { transfer_id } = c.req.valid("param");
    const { decision } = c.req.valid("json");
    return c.json(await migration.byHand.resolve(transfer_id, decision), 200);
  });
  return routes;
}

/** Lets the node of the source tank send it, where that is another one. */
function atItsSource(context: ApiContext): ApiMiddleware {
  const { tanks, cluster } = context;
  return async function atItsSource(c, next) {
    const asked = newTransferSchema.safeParse(c.get("body")).data;
    const isHere = asked === undefined || tanks.get(asked.source_tank_id) !== undefined;
    if (isHere || c.env.orderedBy !== undefined) return next();
    const source = whereIs(context, asked.source_tank_id);
    if (source === undefined || source.is_local) return next();
    // Aliases are this node's own.
    const destination = asked.dest_server_id ? undefined : whereIs(context, asked.dest_tank_id);
    const body = {
      ...asked,
      source_tank_id: source.tank.tank_id,
      ...(destination && {
        dest_tank_id: destination.tank.tank_id,
        dest_server_id: destination.node_id,
      }),
    };
    const order = { ...orderOf(c), body };
    return asResponse(await cluster.orders.give(source.node_id, order), source.node_id, cluster);
  };
}

function viewOf(sent: TransferDetail, id: string): SentTransfer {
  return {
    success: sent.state === "delivered",
    transfer_id: sent.transfer_id,
    state: sent.state,
    old_id: id,
    new_id: id,
    source_server: sent.source_server_id,
    dest_server: sent.destination_server_id,
    timestamp: sent.updated_at,
  };
}

function refusedBy(sent: TransferDetail): DetailedProblem {
  const { transfer_id, entity_id, reason } = sent;
  const destination = sent.destination_server_id ?? sent.destination_node_id;
  return new DetailedProblem(
    "transfer_refused",
    `The tank ${sent.destination_tank_id} of ${destination} did not take ${entity_id}: ` +
      `${reason ?? "no reason given"}. It is back in its tank.`,
    { members: { transfer_id, reason } },
  );
}
