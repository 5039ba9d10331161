import { describe, expect, test } from "bun:test";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { ConsulDouble } from "./double.ts";

const world = () => new SimulatedWorld({ seed: 1 });

function doubleOf(simulated = world()) {
  const double = new ConsulDouble(simulated.addHost({ name: "consul" }).boot());
  const ask = async (method: string, path: string, body: unknown = "") => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const reply = await double.handle({ method, path, body: text, token: undefined });
    return [reply.status, reply.body];
  };
  return { double, ask };
}

const REGISTER = "/v1/agent/service/register";
const check = { TTL: "30s" };

describe("the double refuses what Consul refuses", () => {
  test.each<[string, unknown, string]>([
    ["no JSON", "{", "Request decode failed: invalid character"],
    ["no object", "[]", "Request decode failed: cannot unmarshal into Go value"],
    ["no name", { ID: "a" }, "Missing service name"],
    ["any address", { Name: "a", Address: "0.0.0.0" }, "Invalid service address"],
    ["a port in words", { Name: "a", Port: "80" }, "Request decode failed: cannot unmarshal port"],
    ["a dot in a key", { Name: "a", Meta: { "a.b": "" } }, "Invalid Service Meta: Couldn't load"],
    ["a long value", { Name: "a", Meta: { a: "x".repeat(513) } }, "Invalid Service Meta: Couldn't"],
    ["a number", { Name: "a", Meta: { a: 1 } }, "Request decode failed: cannot unmarshal meta"],
    ["a check of nothing", { Name: "a", Check: {} }, "Invalid check: TTL must be > 0"],
    ["no duration", { Name: "a", Check: { TTL: "30" } }, "Request decode failed: time: invalid"],
    ["a status", { Name: "a", Check: { ...check, Status: "fine" } }, "Status for checks must"],
  ])("in a registration: %s", async (_, body, text) => {
    const { ask } = doubleOf();
    expect(await ask("PUT", REGISTER, body)).toEqual([400, expect.stringContaining(text)]);
  });

  test.each<[string, unknown, string]>([
    [
      "a short TTL",
      { TTL: "9s" },
      "Invalid Session TTL '9000000000', must be between [10s=24h0m0s]",
    ],
    ["a long TTL", { TTL: "86401s" }, "Invalid Session TTL"],
    ["a behaviour", { Behavior: "keep" }, "Invalid Behavior setting 'keep'"],
    ["a check", { NodeChecks: ["x"] }, "Missing check 'x' registration"],
  ])("in a session: %s", async (_, body, text) => {
    const { ask } = doubleOf();
    expect(await ask("PUT", "/v1/session/create", body)).toEqual([
      500,
      expect.stringContaining(text),
    ]);
  });

  test.each<[string, string, number, string]>([
    ["GET", REGISTER, 405, "method GET not allowed"],
    ["POST", "/v1/kv/a", 405, "method POST not allowed"],
    ["GET", "/v1/health/service/a?index=x", 400, "Invalid index"],
    ["GET", "/v1/health/service/a?index=1&wait=10", 400, "Invalid wait time"],
    ["GET", "/v1/health/service/a?passing=x", 400, "Invalid value for ?passing"],
    ["PUT", "/v1/agent/check/pass/service:a", 404, 'Unknown check ID "service:a". Ensure'],
    ["PUT", "/v1/agent/service/deregister/a", 404, 'Unknown service ID "a". Ensure'],
    ["PUT", "/v1/kv/a?acquire=x", 500, "UUID must be 36 characters"],
    ["PUT", "/v1/kv/a?acquire=", 500, "missing session"],
    ["PUT", "/v1/kv/a:b", 400, "key contains invalid character"],
    ["PUT", "/v1/kv/a?acquire=x&release=y", 400, "Conflicting flags"],
    ["PUT", "/v1/session/renew/7a1e0a4c-0000-4000-8000-000000000000", 404, "not found"],
    ["GET", "/v1/nothing", 404, ""],
  ])("%s %s", async (method, path, status, text) => {
    const { ask } = doubleOf();
    expect(await ask(method, path)).toEqual([status, expect.stringContaining(text)]);
  });
});

describe("the double keeps what Consul keeps", () => {
  test("keys in any case, unknown ones ignored, a short time to deregister raised", async () => {
    const simulated = world();
    const { double, ask } = doubleOf(simulated);
    const short = { ttl: "10s", deregister_critical_service_after: "1s", status: "passing" };
    expect(await ask("PUT", REGISTER, { name: "a", future: {}, check: short })).toEqual([200, ""]);
    await simulated.run(61_000);
    expect(double.services.ids).toEqual(["a"]);
    await simulated.run(120_000);
    expect(double.services.ids).toEqual([]);
  });

  test("the status of a check whose service is registered again", async () => {
    const simulated = world();
    const { double, ask } = doubleOf(simulated);
    const body = { Name: "a", Check: { ...check, Status: "passing" } };
    await ask("PUT", REGISTER, body);
    await simulated.run(31_000);
    await ask("PUT", REGISTER, body);
    expect(double.services.agentChecks()).toMatchObject({ "service:a": { Status: "critical" } });
  });

  test("a blocking query until a change, or its time and up to a sixteenth more", async () => {
    const simulated = world();
    const { ask } = doubleOf(simulated);
    await ask("PUT", REGISTER, { Name: "a" });
    let answered = 0;
    const wait = (path: string) => void ask("GET", path).then(() => answered++);
    wait("/v1/health/service/a?index=11&wait=10s");
    wait("/v1/kv/a?index=99");
    await simulated.run(9_999);
    expect(answered).toBe(0);
    await simulated.run(10_626);
    expect(answered).toBe(1);
    await ask("PUT", "/v1/kv/other", "x");
    await simulated.run(20_000);
    expect(answered).toBe(1);
    await simulated.run(5 * 60_000 * (17 / 16) + 1);
    expect(answered).toBe(2);
  });
});
