import { describe, expect, test } from "bun:test";
import type { Term } from "../../../src/cluster/cluster.ts";
import { ClusterEvents } from "../../../src/cluster/events.ts";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { RoleKeeper } from "../../../src/cluster/membership/role.ts";
import { TERM_MAX } from "../../../src/cluster/wire.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { noMetrics } from "../../../src/telemetry/metrics.ts";
import { DEFAULTS } from "../../support/simulated/lab-node.ts";

const identity = identityFromSeed(new Uint8Array(32).fill(1));
const term = (counter: number, node_id = "other"): Term => ({ counter, node_id });

async function setUp(kept?: Term, role: "auto" | "hub" | "worker" = "auto") {
  const saved: Term[] = [];
  const termStore = {
    load: async () => kept,
    save: async (one: Term) => {
      saved.push(one);
    },
  };
  const events = new ClusterEvents();
  const changes: string[] = [];
  events.on("role_changed", (event) => changes.push(`${event.before.role} to ${event.role}`));
  const settings = { ...DEFAULTS, role };
  const clock = { wallMs: () => 0, monotonicMs: () => 0 };
  const deps = { identity, settings, termStore, clock, log: silentLog, metrics: noMetrics };
  const keeper = new RoleKeeper(deps, events);
  await keeper.start();
  return { keeper, saved, changes };
}

describe("terms", () => {
  test("are one higher with each lead, also over restarts, and kept", async () => {
    const { keeper, saved } = await setUp(term(7));
    keeper.lead();
    expect(keeper.state.term).toEqual(term(8, identity.nodeId));
    expect(saved).toEqual([term(8, identity.nodeId)]);
  });

  test("of others move our own by a bounded step, whatever they say", async () => {
    const { keeper } = await setUp(term(7));
    keeper.follow("other", term(TERM_MAX));
    expect(keeper.state.term.counter).toBe(1_007);
    keeper.noteTerm(term(Number.MAX_SAFE_INTEGER));
    expect(keeper.state.term.counter).toBe(2_007);
    keeper.noteTerm(term(3));
    expect(keeper.state.term.counter).toBe(2_007);
  });

  test("end at a highest one, which is still a term", async () => {
    const { keeper } = await setUp(term(TERM_MAX));
    keeper.lead();
    keeper.follow("other", term(TERM_MAX + 5));
    keeper.lead();
    expect(keeper.state.term.counter).toBe(TERM_MAX);
  });
});

describe("a role", () => {
  test("a worker by setting never leads; a hub by setting outranks any --priority", async () => {
    const worker = await setUp(undefined, "worker");
    worker.keeper.lead();
    expect(worker.keeper.state.role).toBe("discovering");
    const hub = await setUp(undefined, "hub");
    expect(hub.keeper.state.self.priority).toBeGreaterThan(1_000);
  });

  test("is given up by one that is barred, for good", async () => {
    const { keeper, changes } = await setUp();
    keeper.lead();
    keeper.bar();
    keeper.lead();
    expect(keeper.state.role).toBe("discovering");
    expect(changes).toEqual([
      "discovering to discovering",
      "discovering to hub",
      "hub to discovering",
    ]);
  });

  test("does not change once the node has stopped, and nobody follows itself", async () => {
    const { keeper } = await setUp();
    keeper.follow(identity.nodeId, term(1));
    expect(keeper.state.role).toBe("discovering");
    keeper.follow("other", term(1));
    expect([keeper.isSettled, keeper.isHub]).toEqual([true, false]);
    keeper.suspect(true);
    expect(keeper.isSettled).toBe(false);
    keeper.stop();
    keeper.lead();
    expect(keeper.state).toMatchObject({ role: "worker", hub: "other" });
  });
});
