import { describe, expect, test } from "bun:test";
import { silenceOf } from "../../../src/adapters/consul/refusal.ts";
import { DiscoveryManager } from "../../../src/discovery/manager.ts";
import { NetworkError } from "../../../src/platform/network.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import type { Reply } from "./double/wire.ts";
import { AGENT, ConsulWorld, nodeOf } from "./set-up.ts";

const SECRET = "b1gs33cr3t-0000-4000-8000-000000000001";
const HEALTH = "/v1/health/service/tankd";

async function failureOf(started: Promise<void>): Promise<string> {
  return started.then(
    () => "started",
    (error: unknown) => String(error),
  );
}

describe("an agent that is not there", () => {
  test("is told with the mend, and the manager starts again later", async () => {
    const consul = new ConsulWorld();
    const [a, b] = [nodeOf(consul, "a"), nodeOf(consul, "b")];
    await b.start();
    a.wire.state = "refuses";
    const { timers } = a.process;
    const manager = new DiscoveryManager({ backends: [a.backend], timers, log: silentLog });
    manager.start(a.announcement, (one) => void a.heard.push(one));
    await consul.pass(100);
    const detail = `${AGENT}: connection refused; is the agent running there?`;
    expect(manager.statuses()).toMatchObject([{ name: "consul", state: "failed", detail }]);
    a.wire.state = "open";
    await consul.pass(10_000);
    expect(manager.statuses()).toMatchObject([{ state: "running", nominations: 1 }]);
    // What a start meets is for the manager to log.
    expect(a.logged).toEqual([]);
    await manager.stop();
    expect(consul.double.services.ids).toEqual(["tankd-b"]);
  });

  test.each(["refuses", "hangs", "swallows"] as const)(
    "or %s for a while is asked again until it is there",
    async (state) => {
      const consul = new ConsulWorld();
      const [a, b] = [nodeOf(consul, "a"), nodeOf(consul, "b")];
      await Promise.all([a.start(), b.start()]);
      await consul.pass(1_000);
      b.wire.state = state;
      await consul.pass(180_000);
      expect(b.backend.isWorking()).toBe(false);
      expect(b.backend.describe()).toContain(`${AGENT}: `);
      a.backend.update({ ...a.announcement, role: "hub" });
      b.wire.state = "open";
      await consul.pass(40_000);
      expect(b.backend.describe()).toBe(`registered with ${AGENT}; 1 other node`);
      expect(b.heard.at(-1)?.role).toBe("hub");
      expect(b.logged.at(0)).toContain(`consul fails: ${AGENT}: `);
      expect(b.logged.at(-1)).toBe("consul works again");
      expect(b.logged.length).toBeLessThan(5);
      await b.backend.stop();
      expect(consul.double.services.ids).toEqual(["tankd-a"]);
    },
  );

  test("does not hold up the end of a node", async () => {
    const consul = new ConsulWorld();
    const a = nodeOf(consul, "a");
    await a.start();
    a.wire.state = "hangs";
    await consul.pass(12_000);
    const stopped = failureOf(a.backend.stop());
    await consul.pass(2_000);
    expect(await stopped).toContain("no answer in time");
  });
});

describe("an agent that was restarted", () => {
  test.each([false, true])(
    "and has forgotten us is told again (before 1.11: %p)",
    async (isOld) => {
      const consul = new ConsulWorld();
      const [a, b] = [nodeOf(consul, "a"), nodeOf(consul, "b")];
      await Promise.all([a.start(), b.start()]);
      await consul.pass(1_000);
      const double = consul.newDouble();
      double.services.hasOldStatuses = isOld;
      a.wire.double = double;
      b.wire.double = double;
      await consul.pass(15_000);
      expect(double.services.ids).toEqual(["tankd-a", "tankd-b"]);
      // Waiting at the old one until its deadline; from then on at the new one.
      await consul.pass(70_000);
      a.backend.update({ ...a.announcement, role: "hub" });
      await consul.pass(1_000);
      expect(b.heard.at(-1)?.role).toBe("hub");
    },
  );

  test("or restored, so that its index goes back, is listened to from the beginning", async () => {
    const consul = new ConsulWorld();
    const [a, b] = [nodeOf(consul, "a"), nodeOf(consul, "b")];
    await Promise.all([a.start(), b.start()]);
    for (let change = 0; change < 20; change++) {
      a.backend.update({ ...a.announcement, priority: change });
      await consul.pass(5_000);
    }
    consul.double.restore();
    await consul.pass(10_000);
    a.backend.update({ ...a.announcement, role: "hub" });
    await consul.pass(5_000);
    expect(b.heard.at(-1)?.role).toBe("hub");
  });

  test("and one without a leader takes the registration, and lists when it has one", async () => {
    const consul = new ConsulWorld();
    const [a, b] = [nodeOf(consul, "a"), nodeOf(consul, "b")];
    consul.double.hasLeader = false;
    await Promise.all([a.start(), b.start()]);
    expect(a.backend.isWorking()).toBe(true);
    expect(a.backend.describe()).toBe(
      `registered with ${AGENT}; 0 other nodes; ` +
        `${AGENT} has no leader: most of its servers must be up`,
    );
    consul.double.electLeader();
    await consul.pass(5_000);
    expect(a.backend.describe()).toBe(`registered with ${AGENT}; 1 other node`);
  });
});

describe("access control", () => {
  const READS = ["service:read", "node:read"];
  test.each([
    ["without a token", undefined, "requires a token: set CONSUL_HTTP_TOKEN"],
    ["with an unknown one", "other", "does not know the token: set another CONSUL_HTTP_TOKEN"],
  ])("%s nothing works, and it is said", async (_, token, reason) => {
    const consul = new ConsulWorld();
    consul.double.control({ tokens: { [SECRET]: READS } });
    const a = nodeOf(consul, "a", {}, token);
    const failure = await failureOf(a.start());
    // Without a token Consul lists nothing, and calls that a success.
    const said = token === undefined ? a.backend.describe() : failure;
    expect(said).toBe(`${token === undefined ? "" : "Error: "}${AGENT} ${reason}`);
    expect(a.backend.isWorking()).toBe(false);
  });

  test("a token that may only read hears of the others, and says what is missing", async () => {
    const consul = new ConsulWorld();
    await nodeOf(consul, "b").start();
    consul.double.control({ tokens: { [SECRET]: READS } });
    const a = nodeOf(consul, "a", {}, SECRET);
    await a.start();
    expect(a.heard).toMatchObject([{ nodeId: "b" }]);
    expect(a.backend.isWorking()).toBe(true);
    expect(a.backend.describe()).toBe(
      `${AGENT}; 1 other node; ${AGENT} refuses the token: it lacks service:write on "tankd"`,
    );
    consul.double.control({ tokens: { [SECRET]: ["service:write", "node:read"] } });
    await consul.pass(5_000);
    expect(consul.double.services.ids).toEqual(["tankd-b", "tankd-a"]);
    const lacks = `consul fails: ${AGENT} refuses the token: it lacks service:write on "tankd"`;
    expect(a.logged).toEqual([lacks, "consul works again"]);
  });

  test("a token that may only write is told what Consul leaves out in silence", async () => {
    const consul = new ConsulWorld();
    consul.double.control({ tokens: { [SECRET]: ["service:write"] } });
    const [a, b] = [nodeOf(consul, "a", {}, SECRET), nodeOf(consul, "b", {}, SECRET)];
    await Promise.all([a.start(), b.start()]);
    await consul.pass(5_000);
    const missing = "the token may not read all: it needs node:read and service:read";
    expect(a.backend.describe()).toBe(`registered with ${AGENT}; 0 other nodes; ${missing}`);
  });

  test("no secret is in what is said", async () => {
    const consul = new ConsulWorld();
    consul.double.control({ tokens: {} });
    const a = nodeOf(consul, "a", {}, SECRET);
    a.wire.tamper = (_, reply) => ({ ...reply, body: `${reply.body} ${SECRET}` });
    expect(await failureOf(a.start())).not.toContain(SECRET);
  });
});

test("a certificate that does not do is told with the mend", () => {
  const error = new NetworkError("unreachable", "", "self signed certificate");
  expect(silenceOf(AGENT, error).message).toBe(
    `${AGENT}: self signed certificate; ` +
      "is it for that name, and its authority in NODE_EXTRA_CA_CERTS?",
  );
});

describe("something else that answers", () => {
  const page = { status: 200, headers: { "content-type": "text/html" }, body: "<h1>hello</h1>" };
  const tls = "Client sent an HTTP request to an HTTPS server.\n";
  test.each<[string, Partial<Reply>, string]>([
    ["a web page", page, "answers with no list of services: is that a Consul agent?"],
    ["another shape", { body: '{"a":1}' }, "answers with no list of services"],
    ["404", { status: 404, body: "x" }, "answers 404: is that a Consul agent?"],
    ["a redirect", { status: 302, body: "" }, "redirects elsewhere: name the agent itself"],
    ["TLS", { status: 400, body: tls }, "requires TLS: give it as https://"],
    ["a limit", { status: 429, body: "" }, "gets too many requests: raise its limits"],
    ["nonsense", { status: 599, body: "\u001b[31mred" }, "answers 599: is that a Consul agent?"],
  ])("%s", async (_, reply, reason) => {
    const consul = new ConsulWorld();
    const a = nodeOf(consul, "a");
    a.wire.tamper = ({ method }, real) => (method === "GET" ? { ...real, ...reply } : real);
    await a.start();
    expect(a.backend.describe()).toContain(`${AGENT} ${reason}`);
    expect(a.backend.describe()).not.toContain("\u001b");
    expect(a.heard).toEqual([]);
    await a.backend.stop();
  });

  test("or waits never is asked now and then, not all the time", async () => {
    const consul = new ConsulWorld();
    const a = nodeOf(consul, "a");
    for (const headers of [{}, { "x-consul-index": "0" }, { "x-consul-index": "-1e9" }]) {
      a.wire.tamper = (_, reply) => ({ ...reply, headers });
      const impatient = (path: string) => path.replace(/index=\d+/, "index=0");
      const { ask } = a.wire;
      a.wire.ask = (request) => ask.call(a.wire, { ...request, path: impatient(request.path) });
      await a.start();
      const before = a.wire.asked.length;
      await consul.pass(60_000);
      expect(a.wire.asked.slice(before).filter((one) => one.includes(HEALTH)).length).toBeLessThan(
        40,
      );
      await a.backend.stop();
    }
  });
});

describe("entries that others have made", () => {
  const node = { Node: "web1", Address: "10.0.0.7" };
  const service = { ID: "tankd", Service: "tankd", Address: "", Port: 8000, Meta: null };

  async function heardOf(...entries: readonly unknown[]) {
    const consul = new ConsulWorld();
    const a = nodeOf(consul, "a");
    const body = JSON.stringify(entries);
    a.wire.tamper = ({ path }, reply) => (path.startsWith(HEALTH) ? { ...reply, body } : reply);
    await a.start();
    return a;
  }

  test("without our metadata are dialled at the service's address, or at the node's", async () => {
    const { heard } = await heardOf(
      { Node: node, Service: service },
      { Node: node, Service: { ...service, ID: "b", Address: "fd00::9", Port: 9, Meta: {} } },
    );
    expect(heard).toEqual([
      { backend: "consul", addresses: [{ host: "10.0.0.7", port: 8000 }], source: "10.0.0.7" },
      { backend: "consul", addresses: [{ host: "fd00::9", port: 9 }], source: "10.0.0.7" },
    ]);
  });

  test("with foreign shapes are left out, one by one", async () => {
    const port = (Port: unknown) => ({ Node: node, Service: { ...service, ID: `p${Port}`, Port } });
    const address = (Address: unknown) => ({ Node: node, Service: { ...service, Address } });
    const { heard } = await heardOf(
      ...[null, 1, "x", [], {}, { Node: node }, { Service: service }, { Node: 1, Service: 1 }],
      ...[port(0), port(65_536), port(1.5), port("8000"), port(-1), port(null)],
      ...[address("a b"), address("http://x"), address("<b>x</b>"), address("a:1")],
      {
        Node: node,
        Service: { ...service, ID: "c", Meta: { id: "two words", boot: "\u001b[2J" } },
      },
      { Node: node, Service: { ...service, ID: "d", Meta: { id: 7 } } },
      { Node: node, Service: { ...service, ID: "e", Meta: { __proto__: null, addr: "x:y,,a:1" } } },
    );
    expect(heard.map(({ nodeId, addresses }) => [nodeId, addresses])).toEqual([
      [undefined, [{ host: "10.0.0.7", port: 8000 }]],
      [undefined, [{ host: "10.0.0.7", port: 8000 }]],
      [undefined, [{ host: "a", port: 1 }]],
    ]);
  });

  test("in any number are heard up to a bound, and more are counted", async () => {
    const many = Array.from({ length: 3_000 }, (_, n) => ({
      Node: node,
      Service: { ...service, ID: `n${n}`, Meta: { id: `n${n}`, cluster: "tankd" } },
    }));
    const { heard, backend } = await heardOf(...many);
    expect(heard).toHaveLength(2_048);
    expect(backend.describe()).toContain("2048 other nodes");
    expect(backend.describe()).toContain("952 more are listed than are read");
  });
});
