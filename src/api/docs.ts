import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { once } from "../platform/once.ts";
import { DOCS_STYLE, renderDocs } from "./docs-page.ts";
import type { ApiEnv } from "./env.ts";
import { completeDocument } from "./openapi.ts";
import { json, newRouter, refusal } from "./router.ts";

const tags = ["documentation"];

const html = {
  200: { description: "A page", content: { "text/html": { schema: z.string() } } },
  default: refusal,
};

const specification = createRoute({
  method: "get",
  path: "/openapi.json",
  tags,
  summary: "This API as an OpenAPI 3.1 document",
  responses: { 200: json(z.looseObject({}), "The document"), default: refusal },
});

const docs = createRoute({
  method: "get",
  path: "/docs",
  tags,
  summary: "This API as an HTML page",
  responses: html,
});

/** Adds the documentation of all routes of `app`, generated at the first request. Mount it last. */
export function mountDocs(app: OpenAPIHono<ApiEnv>, version: string): void {
  const document = once(() => {
    const info = { title: "tankd", version, description: "Tanks of evolving fish that migrate" };
    return { ...completeDocument(app.getOpenAPI31Document({ openapi: "3.1.0", info })), info };
  });
  const page = once(() => renderDocs(document()));
  const routes = newRouter();
  routes.openAPIRegistry.registerPath(specification);
  routes.get(specification.path, (c) => c.json(document()));
  routes.openapi(docs, (c) => c.html(page(), 200));
  routes.get("/docs.css", (c) => c.body(DOCS_STYLE, 200, { "content-type": "text/css" }));
  app.route("/", routes);
}
