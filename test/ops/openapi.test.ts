import { expect, setDefaultTimeout, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { z } from "zod";
import { Scratch } from "../support/scratch.ts";
import { startLocal } from "./local-node.ts";

setDefaultTimeout(60_000);

const documentSchema = z.looseObject({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.looseObject({ responses: z.record(z.string(), z.unknown()) })),
  ),
});

test("a node's whole API is described, validly, with the statuses it answers", async () => {
  using scratch = new Scratch();
  await using node = await startLocal(scratch);
  const document = documentSchema.parse(await (await fetch(`${node.url}/openapi.json`)).json());
  expect(await new Validator().validate(structuredClone(document))).toMatchObject({ valid: true });
  // openapi-generator writes such a default as `null` into Python, which knows no such name.
  expect(JSON.stringify(document)).not.toContain('"default":null');

  const token = { authorization: `Bearer ${node.token}` };
  const statusOf = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${node.url}${path}`, {
      method,
      headers: { ...token, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await answer.body?.cancel();
    return String(answer.status);
  };
  // Every list and document that needs no id; what becomes a WebSocket is neither.
  const plain = Object.entries(document.paths).filter(
    ([path, item]) => item["get"]?.responses?.["200"] !== undefined && !path.includes("{"),
  );
  expect(plain.length).toBeGreaterThan(12);
  for (const [path, item] of plain) {
    const documented = successes(item["get"]?.responses);
    expect([path, documented]).toEqual([path, [await statusOf("GET", path)]]);
  }
  const server = { server_id: "pi", host: "192.0.2.7", port: 8000 };
  for (const [path, body] of [
    ["/api/tanks", { name: "cave", fish: 1 }],
    ["/api/discovery/register", server],
    ["/discovery/register", server],
  ] as const) {
    const documented = successes(document.paths[path]?.["post"]?.responses);
    expect([path, documented]).toEqual([path, [await statusOf("POST", path, body)]]);
  }
});

test("a node refuses strangers as its API is described", async () => {
  using scratch = new Scratch();
  await using node = await startLocal(scratch);
  const document = documentSchema.parse(await (await fetch(`${node.url}/openapi.json`)).json());
  const asked: readonly RequestInit[] = [
    {},
    { headers: { authorization: "Bearer of-nobody" } },
    { headers: { signature: "sig=:AAAA:", "signature-input": "sig=()" } },
    { headers: { "content-type": "text/plain" } },
    { headers: { "content-type": "application/json" }, body: "{" },
    { headers: { "content-type": "application/json" }, body: "{}" },
    { headers: { "content-type": "application/json" }, body: JSON.stringify("x".repeat(300_000)) },
  ];
  const undocumented = new Set<string>();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, { responses }] of Object.entries(item)) {
      for (const init of asked.filter(({ body }) => method === "post" || body === undefined)) {
        const url = `${node.url}${path.replaceAll(/\{\w+\}/g, "nobody")}`;
        const { status } = await fetch(url, { ...init, method: method.toUpperCase() });
        const isRefused = status >= 400 && status < 500;
        if (isRefused && !(status in responses)) undocumented.add(`${method} ${path} ${status}`);
      }
    }
  }
  expect([...undocumented]).toEqual([]);
});

function successes(responses: Readonly<Record<string, unknown>> = {}): readonly string[] {
  return Object.keys(responses).filter((status) => /^[123]/.test(status));
}
