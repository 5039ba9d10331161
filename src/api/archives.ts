import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { LIMITS } from "../platform/limits.ts";
import { ARCHIVE_TYPE, archiveFileName } from "../tanks/archive/archive.ts";
import type { ForkOfArchive } from "../tanks/replay/replay-thread.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { archiveBody } from "./middleware/archive-body.ts";
import { requireToken } from "./middleware/control-token.ts";
import { idempotency } from "./middleware/idempotency.ts";
import { json, nameParameter, newRouter, refusal, shownText } from "./router.ts";
import { hostedTank, requireNoDrain, tankViewSchema, viewTank } from "./tank-view.ts";

const count = z.number().int().nonnegative();

const importedSchema = tankViewSchema.extend({
  forked_from: z
    .object({ tank_id: z.string(), seq: count, tick: count, digest: z.string() })
    .describe("The tank in the archive, and the state that the new tank continues"),
});

const archiveContent = {
  content: { [ARCHIVE_TYPE]: { schema: z.string().meta({ format: "binary" }) } },
};

const tags = ["past"];
const security = [{ controlToken: [] }];

const exportRoute = ({ controlToken }: ApiContext) =>
  createRoute({
    method: "get",
    path: "/api/tanks/{tank_id}/export",
    tags,
    summary: "A tank in one file: a snapshot and its log, up to the last commit",
    security,
    middleware: [requireToken({ token: controlToken })],
    request: { params: z.object({ tank_id: nameParameter }) },
    responses: { 200: { description: "The archive", ...archiveContent }, default: refusal },
  });

const importRoute = ({ controlToken }: ApiContext) =>
  createRoute({
    method: "post",
    path: "/api/tanks/import",
    tags,
    summary:
      "Create a tank from an archive: verified, replayed to its end, with new ids for its fish",
    security,
    middleware: [
      requireToken({ token: controlToken }),
      archiveBody(),
      idempotency({ keysMax: LIMITS.idempotencyKeysMax }),
    ],
    request: {
      headers: z.object({ "idempotency-key": z.string().optional() }),
      query: z.strictObject({
        name: shownText(LIMITS.nameCharactersMax).trim().min(1).optional(),
      }),
      body: { required: true, description: "The archive", ...archiveContent },
    },
    responses: { 201: json(importedSchema, "The tank that was created"), default: refusal },
  });

/** Routes of archives. */
export function archiveRoutes(context: ApiContext): OpenAPIHono<ApiEnv> {
  const { tanks, replay, cluster } = context;
  const routes = newRouter();

  routes.openapi(exportRoute(context), async (c) => {
    const { tank_id } = c.req.valid("param");
    hostedTank(context, tank_id);
    c.env.patient();
    const { name, bytes } = await replay.pack(tank_id, c.req.raw.signal);
    return new Response(bytes, {
      headers: {
        "content-type": ARCHIVE_TYPE,
        "content-length": String(bytes.length),
        "content-disposition": `attachment; filename="${archiveFileName(name)}"`,
      },
    });
  });
  routes.openapi(importRoute(context), async (c) => {
    requireNoDrain(context);
    const { name } = c.req.valid("query");
    const archive = c.get("archive");
    let fork: ForkOfArchive | undefined;
    const made = await tanks.adopt(async (tankKey) => {
      fork = await replay.fork(archive, tankKey, c.req.raw.signal);
      return { ...fork, name: name ?? fork.name };
    });
    c.header("location", `/api/tanks/${made.row.tank_id}`);
    const view = viewTank(made, cluster.serverId);
    const { tank_id = "", seq = 0, tick = 0, digest = "" } = fork?.original ?? {};
    return c.json({ ...view, forked_from: { tank_id, seq, tick, digest } }, 201);
  });
  return routes;
}
