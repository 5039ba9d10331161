import { describe, expect, test } from "bun:test";
import { Problem } from "../../src/platform/errors.ts";
import { readinessSchema } from "../support/api.ts";
import { clientOf } from "./client.ts";

describe("health", () => {
  test.each(["/health", "/api/health"])("%s tells who is there", async (path) => {
    const { ask } = clientOf();
    const { status, body } = await ask(path);
    expect(status).toBe(200);
    expect(body).toEqual({
      status: "healthy",
      node_id: "node-a",
      server_id: "node-a-label",
      mode: "server",
      timestamp: "2026-01-02T03:04:05.000Z",
    });
  });

  test("a recovering worker says so", async () => {
    const { ask, node } = clientOf();
    node.phase = "recovering";
    node.role = "worker";
    expect((await ask("/health")).body).toMatchObject({ status: "recovering", mode: "proxy" });
  });

  test("/ready holds only when phase, storage and role are right", async () => {
    const { ask, node } = clientOf();
    expect((await ask("/ready")).body).toEqual({ ready: true });
    expect((await ask("/ready?verbose")).body.checks).toHaveLength(8);
    node.storageFault = "disk full";
    const { status, body, headers } = await ask("/ready?verbose");
    expect(status).toBe(503);
    expect(body).toMatchObject({
      type: "urn:tankd:problem:not_ready",
      detail: "storage: disk full",
    });
    expect(body.checks).toContainEqual({
      name: "storage",
      ok: false,
      needed: true,
      detail: "disk full",
    });
    expect(headers.get("retry-after")).toBe("1");
    node.storageFault = undefined;
    node.role = "discovering";
    expect((await ask("/ready")).status).toBe(503);
    node.role = "hub";
    node.phase = "stopping";
    expect((await ask("/ready")).status).toBe(503);
  });

  test("/ready does not hold for a copied directory, and says why", async () => {
    const { ask, node } = clientOf();
    node.fenced = new Problem("directory_copied", "This node runs twice.");
    const { status, body } = await ask("/ready?verbose");
    expect(status).toBe(503);
    expect(body.detail).toBe("directory: This node runs twice.");
    const check = {
      name: "directory",
      ok: false,
      needed: true,
      detail: "This node runs twice.",
    };
    expect(body.checks).toContainEqual(check);
  });

  test("/ready?verbose tells of the lease, without which a hub takes no changes", async () => {
    const { ask, node } = clientOf();
    const lease = async () => {
      const { status, body } = await ask("/ready?verbose");
      const found = readinessSchema.parse(body).checks.find(({ name }) => name === "lease");
      return [status, found?.ok, found?.detail];
    };
    expect((await lease())[1]).toBeUndefined();
    const held = {
      url: "etcd://10.0.0.7:2379",
      state: "held",
      holder: "node-a",
      isValid: true,
      reason: undefined,
      abstention: undefined,
      stranger: undefined,
    } as const;
    node.lease = held;
    expect(await lease()).toEqual([200, true, "this node holds the lease"]);
    node.lease = { ...held, isValid: false };
    expect(await lease()).toEqual([200, false, "reads only: the lease may have run out"]);
    node.lease = { ...held, isValid: false, state: "unknown", reason: "10.0.0.7 is silent" };
    const unknown = "who holds the lease is not known, tankd status says why";
    expect(await lease()).toEqual([200, false, `reads only: ${unknown}`]);
    node.role = "worker";
    node.lease = { ...held, isValid: false, state: "taken", holder: "node-b" };
    expect(await lease()).toEqual([200, true, "another node holds the lease"]);
    node.role = "discovering";
    node.lease = { ...held, isValid: false, state: "unknown", reason: "10.0.0.7 is silent" };
    const { status, body } = await ask("/ready");
    expect([status, body.detail]).toEqual([503, `role: discovering: ${unknown}`]);
  });

  test("/ready?verbose names stopped tanks, which do not make the node unready", async () => {
    const { ask, node } = clientOf();
    const reef = node.hosted.get("tank-1");
    if (!reef) throw new Error("the fake has this tank");
    node.hosted.set("tank-1", { ...reef, status: "stopped", reason: "its log is damaged" });
    const { status, body } = await ask("/ready?verbose");
    const detail = "1 of 2 stopped: Reef (tank-1): its log is damaged";
    expect(status).toBe(200);
    expect(body.checks).toContainEqual({ name: "tanks", ok: true, needed: false, detail });
  });

  test("/ready?verbose shows discovery, hub and peers, which do not make it unready", async () => {
    const { ask, node } = clientOf();
    const told = async () => {
      const { status, body } = await ask("/ready?verbose");
      const { checks } = readinessSchema.parse(body);
      const words = ["discovery", "hub", "peers"].map((name) => {
        const { ok, detail } = checks.find((check) => check.name === name) ?? {};
        return `${ok} ${detail}`;
      });
      return [status, ...words];
    };
    expect(await told()).toEqual([
      200,
      "true no backend in use",
      "true is this node",
      "true 1 online, 0 degraded, 0 offline",
    ]);
    const mdns = { name: "mdns", state: "running", detail: "on 10.0.0.1", nominations: 1 } as const;
    const consul = { ...mdns, name: "consul", state: "failed" } as const;
    node.backends = [mdns, consul];
    node.alone = { seconds: 25, causes: [] };
    node.role = "worker";
    node.neighbour = "offline";
    // No names and no addresses: the route answers under any Host.
    expect(await told()).toEqual([
      200,
      "false mdns running, consul failed",
      "true online",
      "false 0 online, 0 degraded, 1 offline; none for 25 s, tankd status tells the cause",
    ]);
  });

  test("/api/recovery tells what the start brought back", async () => {
    const { ask, node } = clientOf();
    const [reef, pond] = [...node.hosted.values()].map(({ row }) => row);
    if (!reef || !pond) throw new Error("the fake has these tanks");
    const durationMs = 1.4;
    const replayed = { replayedCommands: 2, replayedTicks: 30, fromMemory: false };
    const back = { ...replayed, seq: 9, tick: 99, digest: "d" };
    node.recovery = {
      total: 3,
      tanks: [
        { ...back, status: "recovered", row: reef, durationMs, warnings: ["rot"], snapshotSeq: 7 },
        { row: pond, durationMs, warnings: [], status: "stopped", reason: "no log" },
      ],
      durationMs,
    };
    expect((await ask("/api/recovery")).body).toEqual({
      tanks: 3,
      recovered: 1,
      from_memory: 0,
      from_snapshots: 1,
      replayed_commands: 2,
      replayed_ticks: 30,
      duration_ms: 1,
      made: 0,
      damaged: [{ tank_id: "tank-1", name: "Reef", warnings: ["rot"] }],
      stopped: [{ tank_id: "tank-2", name: "Pond", reason: "no log" }],
    });
  });

  test("/metrics is Prometheus text", async () => {
    const { ask } = clientOf();
    const { headers, text } = await ask("/metrics");
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text).toBe("tankd_tanks 2\n");
  });
});
