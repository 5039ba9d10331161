import { describe, expect, test } from "bun:test";
import type { Nomination } from "../../../src/discovery/backend.ts";
import { AGENT, ConsulWorld, nodeOf } from "./set-up.ts";

function idsOf(heard: readonly Nomination[]): readonly (string | undefined)[] {
  return heard.map(({ nodeId }) => nodeId);
}

describe("nodes find each other in Consul", () => {
  test("with what they say of themselves, and no node finds itself", async () => {
    const consul = new ConsulWorld();
    const [a, b] = [nodeOf(consul, "a", { role: "hub", priority: 7 }), nodeOf(consul, "b")];
    await Promise.all([a.start(), b.start()]);
    await consul.pass(1_000);
    expect(b.heard).toEqual([
      {
        backend: "consul",
        addresses: a.announcement.addresses,
        source: "127.0.0.1",
        nodeId: "a",
        cluster: "tankd",
        role: "hub",
        priority: 7,
        bootId: "boot-a",
      },
    ]);
    expect(idsOf(a.heard)).toEqual(["b"]);
    expect(a.backend.isWorking()).toBe(true);
    expect(a.backend.describe()).toBe(`registered with ${AGENT}; 1 other node`);
  });

  test("as services with tags, metadata, an address and a check that they report to", async () => {
    const consul = new ConsulWorld();
    const addresses = [
      { host: "10.0.0.1", port: 8000 },
      { host: "fd00::1", port: 8000 },
    ];
    await nodeOf(consul, "a", { addresses, role: "hub" }).start();
    expect(consul.double.services.agentServices()).toEqual({
      "tankd-a": {
        ID: "tankd-a",
        Service: "tankd",
        Tags: ["cluster-tankd", "hub"],
        Address: "10.0.0.1",
        Port: 8000,
        Meta: {
          id: "a",
          cluster: "tankd",
          role: "hub",
          prio: "100",
          v: "0.1.0",
          boot: "boot-a",
          addr: "10.0.0.1:8000,[fd00::1]:8000",
        },
        Weights: { Passing: 1, Warning: 1 },
        EnableTagOverride: false,
        CreateIndex: 0,
        ModifyIndex: 0,
      },
    });
    expect(consul.double.services.agentChecks()).toMatchObject({
      "service:tankd-a": { Status: "passing", Type: "ttl" },
    });
  });

  test("with as many addresses as a value of metadata takes", async () => {
    const consul = new ConsulWorld();
    const domain = `${"x".repeat(49)}.example`;
    const hosts = Array.from({ length: 8 }, (_, n) => `${"x".repeat(50)}${n}.${domain}`);
    const addresses = hosts.map((host) => ({ host, port: 8000 }));
    const [a, b] = [nodeOf(consul, "a", { addresses }), nodeOf(consul, "b")];
    await a.start();
    await b.start();
    expect(b.heard[0]?.addresses).toEqual(addresses.slice(0, 4));
  });

  test("of other clusters they hear nothing, of a copy of themselves they do", async () => {
    const consul = new ConsulWorld();
    const [a, copy] = [nodeOf(consul, "a"), nodeOf(consul, "copy", { nodeId: "a" })];
    await nodeOf(consul, "b", { cluster: "other" }).start();
    await nodeOf(consul, "c", { bootId: "boot-a" }).start();
    await copy.start();
    // On another agent the copy has an entry beside ours; here the later one replaces the first.
    await a.backend.start({ ...a.announcement, addresses: [] }, (one) => void a.heard.push(one));
    expect(a.heard).toMatchObject([
      { nodeId: "c", bootId: "boot-a" },
      { nodeId: "a", bootId: "boot-copy" },
    ]);
  });

  test("a change is heard once; a refresh tells all again", async () => {
    const consul = new ConsulWorld();
    const [a, b] = [nodeOf(consul, "a"), nodeOf(consul, "b")];
    await Promise.all([a.start(), b.start()]);
    a.backend.update({ ...a.announcement, role: "hub" });
    await consul.pass(60_000);
    expect(b.heard.map(({ role }) => role)).toEqual(["worker", "hub"]);
    expect(a.heard).toHaveLength(1);
    b.backend.refresh();
    await consul.pass(5_000);
    expect(b.heard.map(({ role }) => role)).toEqual(["worker", "hub", "hub"]);
  });

  test("those that report are listed; one that dies is soon missed and later removed", async () => {
    const consul = new ConsulWorld();
    const [a, b] = [nodeOf(consul, "a"), nodeOf(consul, "b")];
    await Promise.all([a.start(), b.start()]);
    await consul.pass(30 * 60_000);
    expect(b.backend.describe()).toBe(`registered with ${AGENT}; 1 other node`);
    a.host.kill();
    await consul.pass(31_000);
    expect(b.backend.describe()).toBe(`registered with ${AGENT}; 0 other nodes`);
    expect(consul.double.services.ids).toEqual(["tankd-a", "tankd-b"]);
    await consul.pass(6 * 60_000);
    expect(consul.double.services.ids).toEqual(["tankd-b"]);
  });

  test("one that was not heard for a while is listed as soon as it speaks again", async () => {
    const consul = new ConsulWorld();
    const [a, b] = [nodeOf(consul, "a"), nodeOf(consul, "b")];
    await Promise.all([a.start(), b.start()]);
    a.wire.state = "refuses";
    await consul.pass(60_000);
    expect(b.backend.describe()).toBe(`registered with ${AGENT}; 0 other nodes`);
    a.backend.update({ ...a.announcement, role: "hub" });
    a.wire.state = "open";
    await consul.pass(4_000);
    expect(b.backend.describe()).toBe(`registered with ${AGENT}; 1 other node`);
  });

  test("who stops is gone at once, and hears nothing more", async () => {
    const consul = new ConsulWorld();
    const [a, b] = [nodeOf(consul, "a"), nodeOf(consul, "b")];
    await b.backend.stop();
    await Promise.all([a.start(), b.start()]);
    await b.backend.stop();
    await b.backend.stop();
    expect(consul.double.services.ids).toEqual(["tankd-a"]);
    const [asked, heard] = [b.wire.asked.length, b.heard.length];
    a.backend.update({ ...a.announcement, role: "hub" });
    await consul.pass(120_000);
    expect([b.wire.asked.length, b.heard.length]).toEqual([asked, heard]);
    await b.start();
    expect(consul.double.services.ids).toEqual(["tankd-a", "tankd-b"]);
    expect(b.heard.at(-1)?.role).toBe("hub");
  });

  test("the end waits for a registration under way: none arrives after the farewell", async () => {
    const consul = new ConsulWorld();
    const a = nodeOf(consul, "a");
    const started = a.start();
    const stopped = a.backend.stop();
    await Promise.all([started, stopped]);
    await consul.pass(60_000);
    expect(consul.double.services.ids).toEqual([]);
  });

  test("one without an address is not registered until it has one", async () => {
    const consul = new ConsulWorld();
    const a = nodeOf(consul, "a", { addresses: [] });
    await a.start();
    await consul.pass(60_000);
    expect(consul.double.services.ids).toEqual([]);
    expect(a.wire.asked.filter((one) => !one.startsWith("GET /v1/health/"))).toEqual([]);
    expect(a.backend.describe()).toBe(`${AGENT}; 0 other nodes`);
    a.backend.update({ ...a.announcement, addresses: [{ host: "10.0.0.1", port: 8000 }] });
    await consul.pass(1_000);
    expect(consul.double.services.ids).toEqual(["tankd-a"]);
    a.backend.update(a.announcement);
    await consul.pass(1_000);
    expect(consul.double.services.ids).toEqual([]);
    await a.backend.stop();
  });

  test("one that an operator puts into maintenance is not found, and says so", async () => {
    const consul = new ConsulWorld();
    const [a, b] = [nodeOf(consul, "a"), nodeOf(consul, "b")];
    await Promise.all([a.start(), b.start()]);
    consul.double.services.setMaintenance("tankd-a", "repairs");
    a.backend.update({ ...a.announcement, role: "hub" });
    await consul.pass(10_000);
    expect(b.backend.describe()).toBe(`registered with ${AGENT}; 0 other nodes`);
    expect(a.backend.describe()).toBe(
      `registered with ${AGENT}; 1 other node; does not list this node: is it in maintenance?`,
    );
  });

  test("nothing is asked more often than it must", async () => {
    const consul = new ConsulWorld();
    const a = nodeOf(consul, "a");
    await a.start();
    const before = a.wire.asked.length;
    await consul.pass(600_000);
    const asked = a.wire.asked.slice(before);
    const reports = asked.filter((one) => one === "PUT /v1/agent/check/pass/service:tankd-a");
    const queries = asked.filter((one) => one.startsWith("GET /v1/health/service/tankd?passing"));
    expect(reports).toHaveLength(60);
    expect(queries.length).toBeLessThanOrEqual(11);
    expect(queries.every((one) => one.includes("&index=") && one.includes("&wait=60000ms"))).toBe(
      true,
    );
    expect(reports.length + queries.length).toBe(asked.length);
  });
});
