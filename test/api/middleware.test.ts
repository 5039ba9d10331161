import { describe, expect, test } from "bun:test";
import { pathAndQuery } from "../../src/api/env.ts";
import { sourceKey } from "../../src/discovery/addresses.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { clientOf } from "./client.ts";

const CREATE = { method: "POST", token: true, json: { name: "x" } } as const;

describe("host check", () => {
  test.each([
    "127.0.0.1",
    "192.168.1.10:8000",
    "[::1]",
    "[::1]:8000",
    "[fe80::1%25eth0]:8000",
    "localhost",
    "LOCALHOST:8000",
    "localhost.",
    "app.localhost",
    "reef",
    "reef.home.arpa",
    "Reef.Home.Arpa.:8000",
    "anything.local",
    "tankd-0.tankd.default.svc.cluster.local:8000",
    "reef.tail1234.ts.net",
    "tanks.example.org",
    "a.lab.example.org",
  ])("answers for %s", async (host) => {
    expect((await clientOf().ask("/api/tanks", { headers: { host } })).status).toBe(200);
  });

  test.each([
    "evil.example",
    "evil.example:8000",
    "127.0.0.1.evil.example",
    "reef.home.arpa.evil.example",
    "reef.evil.example",
    "other.tail1234.ts.net",
    "x.tanks.example.org",
    "lab.example.org",
    "evillab.example.org",
    "local.evil.example",
    "256.1.1.1.evil.example",
    "999.999.999.999",
    "1.2.3",
    "",
    ":8000",
    "127.0.0.1:99999",
    "127.0.0.1:80:80",
    "user@127.0.0.1",
    "[::1",
    "[]",
    "127.0.0.1/x",
    "evil.example#.local",
    "ev il.local",
  ])("refuses %j", async (host) => {
    const { status, body } = await clientOf().ask("/api/tanks", { headers: { host } });
    expect([status, body.type]).toEqual([403, "urn:tankd:problem:foreign_host"]);
  });
});

describe("origin check", () => {
  const create = (origin: string, host = "127.0.0.1:8000") =>
    clientOf().ask("/api/tanks", { ...CREATE, headers: { origin, host } });

  test.each([
    ["http://127.0.0.1:8000", "127.0.0.1:8000"],
    ["http://[::1]:8000", "[::1]:8000"],
    ["http://LOCALHOST", "localhost:80"],
    ["https://tanks.example.org", "tanks.example.org"],
  ])("lets the page at %s act on %s", async (origin, host) => {
    expect((await create(origin, host)).status).toBe(201);
  });

  test.each([
    "http://evil.example",
    "http://127.0.0.1:9000",
    "http://127.0.0.1",
    "https://127.0.0.1",
    "null",
    "file://",
    "",
    "chrome-extension://abc",
    "http://127.0.0.1:8000/path",
    "http://x@127.0.0.1:8000",
  ])("refuses changes from %j", async (origin) => {
    const { status, body } = await create(origin);
    expect([status, body.type]).toEqual([403, "urn:tankd:problem:foreign_origin"]);
  });

  test("refuses WebSockets from elsewhere, but not a read or a program", async () => {
    const { ask } = clientOf();
    const origin = "http://evil.example";
    const upgrade = { upgrade: "WebSocket", connection: "Upgrade" };
    const watch = await ask("/ws/tank-1", { headers: { ...upgrade, origin }, upgrade: () => true });
    expect([watch.status, watch.body.type]).toEqual([403, "urn:tankd:problem:foreign_origin"]);
    expect((await ask("/ws/tank-1", { headers: upgrade, upgrade: () => true })).status).toBe(200);
    const read = await ask("/api/tanks", { headers: { origin } });
    expect(read.status).toBe(200);
    expect(read.headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("control token", () => {
  const CONTROL = [
    ["POST", "/api/tanks"],
    ["DELETE", "/api/tanks/tank-1"],
    ["POST", "/api/tanks/tank-1/feed"],
    ["POST", "/api/tanks/tank-1/spawn"],
    ["POST", "/api/tanks/tank-1/pause"],
    ["POST", "/api/tanks/tank-1/resume"],
    ["POST", "/api/connections"],
    ["PATCH", "/api/connections/c-1"],
    ["POST", "/api/topologies"],
    ["DELETE", "/api/topologies/ring"],
    ["DELETE", "/api/connections/c-1"],
  ] as const;

  test.each(CONTROL)("%s %s is refused without, and with a wrong one", async (method, path) => {
    const { ask, node } = clientOf();
    for (const authorization of [
      undefined,
      "Bearer wrong",
      "Bearer",
      "Basic dGVzdA==",
      "Bearer  ",
    ]) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await ask(path, { method, headers });
      expect([answer.status, answer.body.type]).toEqual([401, "urn:tankd:problem:token_required"]);
      expect(answer.headers.get("www-authenticate")).toContain("Bearer");
    }
    expect(node.hosted.size).toBe(2);
    expect(node.commands).toEqual([]);
  });

  test("comes before the body is looked at", async () => {
    const answer = await clientOf().ask("/api/tanks", { method: "POST", body: "x".repeat(9e5) });
    expect(answer.status).toBe(401);
  });

  test("the scheme may be written in any case", async () => {
    const headers = { authorization: "bearer test-control-token" };
    const answer = await clientOf().ask("/api/tanks", { ...CREATE, token: false, headers });
    expect(answer.status).toBe(201);
  });
});

describe("bodies", () => {
  const send = (body: BodyInit, type?: string) =>
    clientOf().ask("/api/tanks", {
      method: "POST",
      token: true,
      body,
      headers: type === undefined ? {} : { "content-type": type },
    });

  test.each([undefined, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])(
    "of type %s are a 415",
    async (type) => {
      const { status, body } = await send('{"name":"x"}', type);
      expect([status, body.type]).toEqual([415, "urn:tankd:problem:json_required"]);
    },
  );

  test("may name their charset", async () => {
    expect((await send('{"name":"x"}', "Application/JSON; charset=utf-8")).status).toBe(201);
  });

  test.each(["{", '{"name":NaN}', "[".repeat(1000), "\uFEFF{}", '{"name":"x"} x'])(
    "that are no JSON are a 400: %p",
    async (text) => {
      const { status, body } = await send(text, "application/json");
      expect([status, body.type]).toEqual([400, "urn:tankd:problem:bad_request"]);
    },
  );

  test("that are no UTF-8 are a 400", async () => {
    const bytes = new Uint8Array([0x22, 0xff, 0x22]);
    expect((await send(bytes, "application/json")).body.detail).toContain("UTF-8");
  });

  test("however deep are refused by their shape", async () => {
    const depth = 50_000;
    const { status } = await send("[".repeat(depth) + "]".repeat(depth), "application/json");
    expect(status).toBe(422);
  });

  test("cannot reach a prototype", async () => {
    const { status, body } = await send('{"name":"x","__proto__":{"fish":1}}', "application/json");
    expect([status, body.errors[0].field]).toEqual([422, "__proto__"]);
  });

  test("that are too long are a 413 by their announced length", async () => {
    const { status, body } = await send(
      JSON.stringify({ name: "x".repeat(LIMITS.requestBodyBytesMax) }),
      "application/json",
    );
    expect([status, body.type]).toEqual([413, "urn:tankd:problem:body_too_large"]);
  });

  test("that are too long are refused with 413 before they are read to the end", async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const { status } = await send(endless, "application/json");
    expect(status).toBe(413);
    expect(sent).toBeLessThan(4 * LIMITS.requestBodyBytesMax);
  });
});

describe("idempotency keys", () => {
  const create = (ask: ReturnType<typeof clientOf>["ask"], key: string, name: string) =>
    ask("/api/tanks", {
      method: "POST",
      token: true,
      json: { name },
      headers: { "idempotency-key": key },
    });

  test("a repeated creation gets the first answer", async () => {
    const { ask, node } = clientOf();
    const [first, second] = await Promise.all([create(ask, "k", "a"), create(ask, "k", "a")]);
    const third = await create(ask, "k", "a");
    expect(second).toMatchObject({ status: 201, text: first.text });
    expect(third).toMatchObject({ status: 201, text: first.text });
    expect(third.headers.get("location")).toBe(first.headers.get("location"));
    expect(node.created).toEqual(["a"]);
  });

  test("belong to one body and one route, and need the token", async () => {
    const { ask, node } = clientOf();
    await create(ask, "k", "a");
    expect((await create(ask, "k", "b")).status).toBe(422);
    const headers = { "idempotency-key": "k" };
    const json = { source_tank_id: "a", destination_tank_id: "b" };
    const other = await ask("/api/connections", { method: "POST", token: true, json, headers });
    expect(other.status).toBe(201);
    const strange = await ask("/api/tanks", { method: "POST", json: { name: "a" }, headers });
    expect(strange.status).toBe(401);
    expect((await create(ask, "x".repeat(256), "c")).status).toBe(400);
    expect(node.created).toEqual(["a"]);
  });

  test("failures may be tried again; the oldest keys are forgotten", async () => {
    const { ask, node } = clientOf();
    node.storageFault = "disk full";
    expect((await create(ask, "k", "b")).status).toBe(503);
    node.storageFault = undefined;
    expect((await create(ask, "k", "b")).status).toBe(201);
    await create(ask, "old", "a");
    for (let n = 0; n < LIMITS.idempotencyKeysMax; n++) await create(ask, `key-${n}`, "b");
    await create(ask, "old", "a");
    expect(node.created.filter((name) => name === "a")).toHaveLength(2);
  });
});

describe("errors", () => {
  test("a path that nothing is at is a 404, another method a 405 with Allow", async () => {
    const { ask } = clientOf();
    const none = await ask("/nothing/here");
    expect(none.headers.get("content-type")).toBe("application/problem+json");
    expect(none.body).toEqual({
      type: "urn:tankd:problem:not_found",
      status: 404,
      title: "There is no such path",
      detail: "There is no such route; GET /docs lists all",
      instance: "/nothing/here",
    });
    for (const [method, path, allow] of [
      ["PUT", "/api/tanks", "GET, HEAD, POST"],
      ["PATCH", "/api/tanks/tank-1", "DELETE, GET, HEAD"],
      ["GET", "/api/tanks/tank-1/feed", "POST"],
      ["OPTIONS", "/health", "GET, HEAD"],
      ["POST", "/ready", "GET, HEAD"],
    ] as const) {
      const { status, body, headers } = await ask(path, { method });
      expect([status, body.type]).toEqual([405, "urn:tankd:problem:method_not_allowed"]);
      expect(headers.get("allow")).toBe(allow);
    }
  });

  test("a bug is a 500 that says nothing of itself but is logged", async () => {
    const { ask, node } = clientOf();
    Object.defineProperty(node.hosted, "values", {
      value: () => {
        throw new TypeError("secret detail at /home/x.ts");
      },
    });
    const { status, text, body } = await ask("/api/tanks");
    expect([status, body.type]).toEqual([500, "urn:tankd:problem:internal"]);
    expect(text).not.toContain("secret");
    expect(node.logged[0]?.event).toBe("request failed");
    expect(String(node.logged[0]?.fields?.["error"])).toContain("secret detail");
  });

  test("HEAD is GET without a body", async () => {
    const { status, text } = await clientOf().ask("/health", { method: "HEAD" });
    expect([status, text]).toEqual([200, ""]);
  });

  test.each(["/health", "/nothing", "/"])("%s carries the security headers", async (path) => {
    const { headers } = await clientOf().ask(path);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("content-security-policy")).not.toContain("unsafe");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
  });
});

test("path and query are found in any URL that a request may have", () => {
  for (const [url, found] of [
    ["http://127.0.0.1:8000/a/b?c=/d", "/a/b?c=/d"],
    ["http://[fe80::1%25eth0]:8000/a", "/a"],
    ["http://node", "/"],
    ["/a?b=http://c/", "/a?b=http://c/"],
  ] as const) {
    expect(pathAndQuery(url)).toBe(found);
  }
});

test("addresses share a bucket by IPv4 address or IPv6 /64", () => {
  expect(sourceKey("10.0.0.1")).toBe("10.0.0.1");
  expect(sourceKey("2001:db8:1:2::1")).toBe(sourceKey("2001:DB8:1:2:aaaa:bbbb:cccc:dddd"));
  expect(sourceKey("2001:db8:1:3::1")).not.toBe(sourceKey("2001:db8:1:2::1"));
  expect(sourceKey("::1")).toBe("0:0:0:0");
  expect(sourceKey("fe80::1")).not.toBe(sourceKey("fe80::2"));
});
