import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import type { MoveView } from "../migration/migration.ts";
import { Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { idempotency } from "./middleware/idempotency.ts";
import { moveSchema, movingSchema } from "./move-view.ts";
import { json, nameParameter, newRouter, refusal, tankControl } from "./router.ts";
import { hostedTank } from "./tank-view.ts";

const tags = ["tanks"];
const params = z.object({ tank_id: nameParameter });

const move = (context: ApiContext) => {
  const { middleware, security } = tankControl(context);
  return createRoute({
    method: "post",
    path: "/api/tanks/{tank_id}/move",
    tags,
    summary: "Move a tank to another node, where it goes on with its fish, ids and past",
    description:
      "Under a common cluster secret. A tank of another node is moved by that node. Waits a few " +
      "seconds; a move that takes longer goes on, and GET of the same path tells how far it is.",
    security,
    middleware: [...middleware, idempotency({ keysMax: LIMITS.idempotencyKeysMax })],
    request: {
      params,
      headers: z.object({ "idempotency-key": z.string().optional() }),
      body: {
        required: true,
        ...json(
          z.strictObject({
            server_id: nameParameter.describe("A server, or `auto` for the least loaded other one"),
          }),
          "The destination",
        ),
      },
    },
    responses: {
      200: json(movingSchema, "It runs there"),
      202: json(movingSchema, "It is moving"),
      default: refusal,
    },
  });
};

const show = createRoute({
  method: "get",
  path: "/api/tanks/{tank_id}/move",
  tags,
  summary: "The latest move of a tank from this node, or to it",
  request: { params },
  responses: { 200: json(moveSchema, "The move"), default: refusal },
});

const list = createRoute({
  method: "get",
  path: "/api/moves",
  tags,
  summary: "Moves of tanks from and to this node: those under way, and the latest; newest first",
  responses: {
    200: json(z.object({ moves: z.array(moveSchema).readonly(), count: z.number() }), "The moves"),
    default: refusal,
  },
});

/** Moves of whole tanks. */
export function moveRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { migration, relocation } = context;
  const routes = newRouter();
  const latestOf = (tankId: string): MoveView => {
    const found = migration.moves().find(({ tank_id }) => tank_id === tankId);
    if (found !== undefined) return found;
    hostedTank(context, tankId);
    throw new Problem("not_found", `The tank ${tankId} has not moved.`);
  };

  routes.openapi(move(context), async (c) => {
    const { tank_id } = c.req.valid("param");
    hostedTank(context, tank_id);
    const moved = await relocation.move(tank_id, c.req.valid("json").server_id);
    if (moved === undefined) {
      const { move_id, peer_server_id } = latestOf(tank_id);
      const server_id = peer_server_id;
      return c.json({ tank_id, move_id, state: "moving" as const, server_id }, 202);
    }
    const { move_id, name, epoch, destination_server_id: server_id, duration_ms } = moved;
    const place = { server_id, name, epoch, duration_ms };
    return c.json({ tank_id, move_id, state: "done" as const, ...place }, 200);
  });
  routes.openapi(show, (c) => c.json(latestOf(c.req.valid("param").tank_id), 200));
  routes.openapi(list, (c) => {
    const moves = migration.moves();
    return c.json({ moves, count: moves.length }, 200);
  });
  return routes;
}
