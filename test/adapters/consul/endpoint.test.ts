import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { readAgentAddress } from "../../../src/adapters/consul/address.ts";
import { ConsulAgent, isAgent } from "../../../src/adapters/consul/agent.ts";
import { ConsulBackend } from "../../../src/adapters/consul/backend.ts";
import { createConsulLease } from "../../../src/adapters/consul/create-lease.ts";
import type { Nomination } from "../../../src/discovery/backend.ts";
import { Problem } from "../../../src/platform/errors.ts";
import { createRealPlatform } from "../../../src/platform/real/platform.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { announcementOf } from "../../discovery/announcement.ts";
import { serveDouble } from "./double/reach.ts";
import { ConsulDouble } from "./double.ts";

const TOKEN = "b1gs33cr3t";
const platform = createRealPlatform();
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function serve(place?: { readonly unix: string }) {
  const double = new ConsulDouble(platform);
  const { address, stop } = serveDouble(double, place);
  ends.push(stop);
  return { double, address };
}

function agentAt(text: string, token?: string): ConsulAgent {
  const address = readAgentAddress(text);
  if (!address) throw new Error(`no address: ${text}`);
  return new ConsulAgent({ address, token });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function start(agent: ConsulAgent, nodeId: string) {
  const heard: Nomination[] = [];
  const backend = new ConsulBackend({ ...platform, agent, log: silentLog });
  ends.push(() => backend.stop());
  const announcement = announcementOf({ nodeId, bootId: nodeId });
  const started = backend.start(announcement, (one) => void heard.push(one));
  return { backend, heard, started, announcement };
}

describe("over HTTP", () => {
  test("nodes find each other, hear a change while they wait, and leave", async () => {
    const { double, address } = serve();
    double.control({ tokens: { [TOKEN]: ["service:write", "node:read"] } });
    const [a, b] = [start(agentAt(address, TOKEN), "a"), start(agentAt(address, TOKEN), "b")];
    await Promise.all([a.started, b.started]);
    await until(() => a.heard.length > 0 && b.heard.length > 0);
    a.backend.update({ ...a.announcement, role: "hub" });
    await until(() => b.heard.at(-1)?.role === "hub");
    await b.backend.stop();
    expect(double.services.ids).toEqual(["tankd-a"]);
  });

  test("also by a socket, and behind a proxy with a path", async () => {
    const directory = mkdtempSync(`${tmpdir()}/tankd-consul-`);
    ends.push(() => rmSync(directory, { recursive: true }));
    const { double, address } = serve({ unix: `${directory}/http.sock` });
    await start(agentAt(address), "a").started;
    expect(double.services.ids).toEqual(["tankd-a"]);
    const paths: string[] = [];
    const proxy = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) => {
        paths.push(new URL(url).pathname);
        return Response.json([]);
      },
    });
    ends.push(() => proxy.stop(true));
    await agentAt(`127.0.0.1:${proxy.port}/consul/`).query("/v1/health/service/tankd");
    expect(paths).toEqual(["/consul/v1/health/service/tankd"]);
  });
});

describe("the lease over HTTP", () => {
  test("goes from one to the other, also with a key and a token", async () => {
    const { double, address } = serve();
    double.control({ tokens: { [TOKEN]: ["session:write", "key:write"] } });
    const hold = (nodeId: string) => {
      const options = { ...platform, cluster: "tankd", token: TOKEN };
      const lease = createConsulLease(`consul://${address}/some/key`, options);
      const kinds: string[] = [];
      lease.start(nodeId, ({ kind }) => void kinds.push(kind));
      ends.push(() => lease.stop());
      lease.want(true);
      return { lease, kinds };
    };
    const a = hold("a");
    await until(() => a.kinds.at(-1) === "held");
    const b = hold("b");
    await until(() => b.kinds.at(-1) === "taken");
    expect(double.locks.get("some/key").value).toMatchObject({ LockIndex: 1 });
    await a.lease.stop();
    await until(() => b.kinds.at(-1) === "held");
    await b.lease.stop();
    expect(double.locks.sessionIds).toEqual([]);
  });

  test("at what is no URL of one is a bad setting", () => {
    const options = { ...platform, cluster: "tankd", token: undefined };
    expect(() => createConsulLease("consul://u:p@a/../b", options)).toThrow(Problem);
  });
});

describe("an agent is looked for where nobody has named one", () => {
  test("and is known by what it says of itself", async () => {
    const { double, address } = serve();
    expect(await isAgent(agentAt(address))).toBe(true);
    // One that wants a token is of no use without one.
    double.control({ tokens: {} });
    expect(await isAgent(agentAt(address))).toBe(false);
  });

  test("whatever else answers there is none", async () => {
    const bodies = ["", "Consul Agent", "null", "[]", '{"Config":null}', '{"config":{}}', "{"];
    for (const body of bodies) {
      const server = Bun.serve({ port: 0, fetch: () => new Response(body) });
      ends.push(() => server.stop(true));
      expect(await isAgent(agentAt(`127.0.0.1:${server.port}`))).toBe(false);
    }
    expect(await isAgent(agentAt("unix:///nowhere/consul.sock"))).toBe(false);
  });
});

test("an index that is none counts as none", async () => {
  for (const index of ["", "x", "-1", "1e3", "1".repeat(21), "0x1"]) {
    const headers = { "x-consul-index": index };
    const server = Bun.serve({ port: 0, fetch: () => Response.json([], { headers }) });
    ends.push(() => server.stop(true));
    const answer = await agentAt(`127.0.0.1:${server.port}`).query("/v1/health/service/tankd");
    expect(answer.index).toBeUndefined();
  }
});
