import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import type { PastLook } from "../tanks/replay/replay-thread.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { frameMessage, LEGEND } from "./frames.ts";
import { gardenMessages } from "./garden.ts";
import { json, nameParameter, newRouter, refusal } from "./router.ts";
import { figuresSchema, hostedTank, viewFigures } from "./tank-view.ts";

const count = z.number().int().nonnegative();

const knownStateSchema = z.object({ seq: count, tick: count, digest: z.string() });

const windowSchema = z.object({
  tank_id: z.string(),
  epoch: count,
  from_tick: count.describe("The first tick that can be replayed"),
  from_seq: count,
  to_tick: count.describe("The last committed tick"),
  to_seq: count,
  whole: z.boolean().describe("Whether it reaches back to the creation of the tank"),
  snapshots: z
    .array(knownStateSchema)
    .describe("The states from which replays start, oldest first"),
  marks: z.array(knownStateSchema).describe("Digests in the log, oldest first; the newest 1,000"),
  notes: z.array(z.string()).describe("How far back it reaches, and what cannot be replayed"),
});

const message = (what: string) => z.looseObject({ type: z.string() }).describe(what);

const lookSchema = z.object({
  tank_id: z.string(),
  epoch: count,
  tick: count,
  seq: count.describe("The last command applied by then"),
  digest: z.string().describe("Of the world at this tick"),
  paused: z.boolean(),
  tick_rate: z.number(),
  stats: figuresSchema,
  scene: z
    .object({
      hello: message("How to read the other messages, and the size of the tank"),
      frame: message("The moving objects"),
      plants: message("The state of the plants"),
      looks: message("How to draw each plant"),
    })
    .describe("The messages that a viewer of the WebSocket would have received"),
});

const tags = ["past"];

const showWindow = createRoute({
  method: "get",
  path: "/api/tanks/{tank_id}/past",
  tags,
  summary: "The ticks of a tank's past that can be replayed",
  request: { params: z.object({ tank_id: nameParameter }) },
  responses: { 200: json(windowSchema, "The window"), default: refusal },
});

const showTick = createRoute({
  method: "get",
  path: "/api/tanks/{tank_id}/past/{tick}",
  tags,
  summary:
    "A tank as it was at a tick, replayed from its log: one at a time, 429 when others wait; " +
    "going forward is cheap",
  request: {
    params: z.object({
      tank_id: nameParameter,
      // Not coerced: what is, counts as optional in OpenAPI, which no part of a path may be.
      tick: z
        .string()
        .regex(/^\d{1,15}$/, "a whole number of ticks")
        .transform(Number),
    }),
  },
  responses: { 200: json(lookSchema, "The tank at that tick"), default: refusal },
});

/** Routes of the replay service. The request of a client that is gone is cancelled. */
export function pastRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { replay } = context;
  const routes = newRouter();

  routes.openapi(showWindow, async (c) => {
    const { tank_id } = c.req.valid("param");
    hostedTank(context, tank_id);
    c.env.patient();
    const window = await replay.window(tank_id, c.req.raw.signal);
    const { epoch, from, to, whole, snapshots, marks, notes } = window;
    return c.json(
      {
        tank_id,
        epoch,
        from_tick: from.tick,
        from_seq: from.seq,
        to_tick: to.tick,
        to_seq: to.seq,
        whole,
        snapshots: [...snapshots],
        marks: [...marks],
        notes: [...notes],
      },
      200,
    );
  });
  routes.openapi(showTick, async (c) => {
    const { tank_id, tick } = c.req.valid("param");
    hostedTank(context, tank_id);
    c.env.patient();
    const look = await replay.look(tank_id, tick, c.req.raw.signal);
    return c.json(viewLook(tank_id, look), 200);
  });
  return routes;
}

function viewLook(tankId: string, look: PastLook): z.infer<typeof lookSchema> {
  const { epoch, tick, seq, digest, controls, stats, scene, looks } = look;
  const { width, height } = scene;
  return {
    tank_id: tankId,
    epoch,
    tick,
    seq,
    digest,
    paused: controls.paused,
    tick_rate: controls.tickRate,
    stats: viewFigures(stats),
    scene: {
      hello: { type: "hello", width, height, ...LEGEND },
      // Only durable ticks can be replayed.
      frame: frameMessage({ ...scene, epoch, seq, durableSeq: seq }, stats),
      ...gardenMessages(scene.plants, looks),
    },
  };
}
