import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { createApp } from "../../src/api/app.ts";
import { createService, type Fetch } from "../../src/api/service.ts";
import { FakeNode } from "./fakes.ts";

/** A node that other nodes ask at `/peer/hello`. */
function askedByPeers(): FakeNode {
  const node = new FakeNode();
  node.peerRoutes = [
    {
      method: "POST",
      path: "/peer/hello",
      summary: "Answers",
      response: z.object({}),
      handle: async () => ({ status: 200, body: {} }),
    },
  ];
  return node;
}

async function answerOf(fetch: Fetch, method: string, path: string) {
  const headers = { host: "127.0.0.1:8000", "content-type": "application/json" };
  const body = method === "POST" ? "{}" : undefined;
  const init = { method, headers, ...(body === undefined ? {} : { body }) };
  const request = new Request(`http://127.0.0.1:8000${path}`, init);
  const bindings = { remoteAddress: "127.0.0.1", patient: () => {}, upgrade: () => false };
  const response = await fetch(request, bindings);
  const shown = [...response.headers].filter(([name]) => name !== "date");
  return { status: response.status, headers: shown, text: await response.text() };
}

describe("the API that is made in two parts", () => {
  const options = { page: async () => [] };
  test.each([
    ["GET", "/health"],
    ["HEAD", "/health"],
    ["GET", "/ready?verbose"],
    ["GET", "/metrics"],
    ["DELETE", "/health"],
    ["GET", "/api/servers"],
    ["POST", "/peer/hello"],
    ["GET", "/peer/hello"],
    ["GET", "/api/tanks"],
    ["GET", "/openapi.json"],
    ["GET", "/nothing"],
    ["OPTIONS", "/"],
  ])("answers %s %s as the whole app does", async (method, path) => {
    const node = askedByPeers();
    const app = createApp(node.context(), options);
    const whole = await answerOf((request, bindings) => app.fetch(request, bindings), method, path);
    const service = createService(node.context(), options);
    const answer = await answerOf(service, method, path);
    expect(answer).toEqual(whole);
  });

  test("counts what a peer asks once, whichever part answers", async () => {
    const service = createService(askedByPeers().context(), options);
    let { status } = await answerOf(service, "POST", "/peer/hello");
    for (let asked = 1; status !== 429 && asked < 2000; asked++) {
      ({ status } = await answerOf(service, "POST", "/peer/hello"));
    }
    // Spelled differently it goes to the whole app, whose routes are the same ones.
    expect((await answerOf(service, "POST", "/peer/hell%6F")).status).toBe(429);
  });
});
