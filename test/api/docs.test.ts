import { expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { z } from "zod";
import { type Asked, clientOf } from "./client.ts";
import { FakeNode } from "./fakes.ts";

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly requestBody?: { readonly required?: boolean };
  readonly parameters?: readonly { name: string; in: string; required?: boolean }[];
  readonly security?: readonly unknown[];
  readonly responses?: Readonly<Record<string, { description?: string }>>;
}

function documented() {
  const node = new FakeNode();
  node.peerRoutes = [
    {
      method: "POST",
      path: "/peer/{server_id}/hello",
      summary: "Say hello",
      request: z.strictObject({ say: z.string() }),
      response: z.strictObject({ heard: z.boolean() }),
      status: 201,
      handle: async () => ({ status: 201, body: {} }),
    },
  ];
  return clientOf(node);
}

/** Routes that are no part of the API: the page's files, and the style of /docs. */
const UNDOCUMENTED = new Set(["/", "/docs.css"]);

test("the OpenAPI document contains every mounted route and nothing else", async () => {
  const { app, ask } = documented();
  const { status, body } = await ask("/openapi.json");
  expect(status).toBe(200);
  const mounted = app.routes
    .filter(
      ({ method, path }) => method !== "ALL" && !path.includes("{") && !UNDOCUMENTED.has(path),
    )
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  const described = Object.entries<object>(body.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect([...new Set(described)].sort()).toEqual([...new Set(mounted)].sort());
  const { post } = body.paths["/peer/{server_id}/hello"];
  expect(Object.keys(post.responses)).toContain("201");
  expect(described).toContain("GET /ws/{tank_id}");
});

test("the OpenAPI document is well-formed", async () => {
  const { body } = await documented().ask("/openapi.json");
  expect(await new Validator().validate(structuredClone(body))).toMatchObject({ valid: true });
  expect(body.openapi).toMatch(/^3\.1\.\d+$/);
  expect(body.info).toMatchObject({ title: "tankd", version: "0.1.0" });
  for (const [path, item] of Object.entries<Record<string, Operation>>(body.paths)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    for (const [method, operation] of Object.entries(item)) {
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
      expect([path, declared.map(({ name }) => name).join()]).toEqual([path, inPath.join()]);
      expect(declared.every(({ required }) => required === true)).toBe(true);
      expect(operation.summary).toBeString();
      expect(Object.keys(operation.responses ?? {})).toContain("default");
      for (const [code, response] of Object.entries(operation.responses ?? {})) {
        expect(code).toMatch(/^(default|[1-5]\d\d)$/);
        expect(response.description).toBeString();
      }
      // A whole tank is not for everybody who may look at it, and settings name files.
      const controlled =
        path.endsWith("/export") ||
        path === "/api/config" ||
        (method !== "get" && !path.startsWith("/peer/"));
      const signed = path === "/api/cluster/tunnel" ? [{ nodeSignature: [] }] : [];
      // Who sends the token is told more of open transfers, and gets an audit that begins now.
      const mayControl = path === "/api/transfers" || path === "/api/audit";
      const open = mayControl ? [{}, { controlToken: [] }] : signed;
      const security = controlled ? [{ controlToken: [] }] : open;
      expect([path, method, operation.security]).toEqual([path, method, security]);
    }
  }
  expect(body.components.securitySchemes.controlToken).toMatchObject({ scheme: "bearer" });
  for (const reference of JSON.stringify(body).matchAll(
    /"\$ref":"#\/components\/schemas\/(\w+)"/g,
  )) {
    expect(Object.keys(body.components.schemas)).toContain(reference[1] ?? "");
  }
});

async function operations() {
  const { body } = await clientOf().ask("/openapi.json");
  return Object.entries<Record<string, Operation>>(body.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
  );
}

test("the OpenAPI document says where a node is, and names every operation once", async () => {
  const { body } = await clientOf().ask("/openapi.json");
  expect(body.servers[0].url).toBe("/");
  const ids = (await operations()).map(({ operation }) => operation.operationId ?? "");
  expect(ids.filter((id) => !/^[a-z][A-Za-z0-9]+$/.test(id))).toEqual([]);
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  expect(ids).toContain("createTank");
});

test("a body of which everything may be left out may be left out", async () => {
  const required = Object.fromEntries(
    (await operations()).map(({ operation }) => [
      operation.operationId,
      operation.requestBody?.required,
    ]),
  );
  expect(required).toMatchObject({ createTank: true, feedTank: false, pauseTank: false });
  expect(required).toMatchObject({ setTankSpeed: true, listTanks: undefined });
});

test("whatever is refused is refused as documented", async () => {
  const found = new Set<string>();
  for (const { method, path, operation } of await operations()) {
    const { ask } = clientOf();
    const tell = async (asked: Asked, id: string) => {
      const to = path.replaceAll(/\{\w+\}/g, id);
      const { status } = await ask(to, { ...asked, method: method.toUpperCase() });
      const isRefused = status >= 400 && status < 500;
      if (isRefused && operation.responses?.[status] === undefined) {
        found.add(`${method} ${path} ${status}`);
      }
    };
    for (const asked of [...REFUSED, ...(method === "post" ? REFUSED_BODIES : [])]) {
      await tell(asked, "nobody");
      await tell(asked, "x".repeat(500));
    }
  }
  expect([...found]).toEqual([]);
});

const REFUSED: readonly Asked[] = [
  {},
  { token: true },
  { headers: { host: "foreign.example" } },
  { headers: { origin: "http://foreign.example" } },
  { headers: { authorization: "Bearer wrong" } },
  { token: true, headers: { "content-type": "text/plain" } },
];

const REFUSED_BODIES: readonly Asked[] = [
  { token: true, json: { there: "is no such field" } },
  { token: true, json: {} },
  { token: true, headers: { "content-type": "text/plain" }, body: "x" },
  { token: true, headers: { "content-type": "application/json" }, body: "{" },
  { token: true, json: { name: "x".repeat(300_000) } },
];

test("/docs is one page without scripts, foreign files or inline style, and escapes", async () => {
  const { ask } = documented();
  const { text, headers } = await ask("/docs");
  expect(headers.get("content-type")).toContain("text/html");
  expect(text).toContain("/api/tanks/{tank_id}/feed");
  expect(text).toContain("/peer/{server_id}/hello");
  expect(text).not.toMatch(/<script|<style|style=|https?:\/\/(?!$)/);
  expect(text).not.toContain("<code>: ");
  // Not the whole shape of a problem for each of them.
  expect(text).toContain("<p>400, 401, 403, 404, 409, 413, 415, 422, 429, default</p>");
  expect(text).not.toContain("application/problem+json");
  expect((await ask("/docs.css")).headers.get("content-type")).toBe("text/css");
});
