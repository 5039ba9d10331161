import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Candidate,
  type ElectionEvent,
  type ElectionState,
  elect,
  initialElection,
  outranks,
  type Peer,
  peerOutranksUs,
} from "../../src/cluster/membership/election.ts";
import { judgeTakeover, type Opinion, successorOf } from "../../src/cluster/membership/takeover.ts";

const self: Candidate = { nodeId: "m", priority: 100, mayClaim: true };

function peer(change: Partial<Peer> = {}): Peer {
  return {
    nodeId: "p",
    priority: 100,
    mayClaim: true,
    role: "discovering",
    term: { counter: 0, node_id: "p" },
    hub: undefined,
    dialled: true,
    cannotDialUs: false,
    defersToUs: false,
    weDefer: false,
    metMs: 0,
    ...change,
  };
}

function started(candidate = self): ElectionState {
  const state = initialElection(candidate, { counter: 3, node_id: candidate.nodeId });
  return elect(state, { kind: "started", nowMs: 0, windowMs: 1_000 }).state;
}

function after(state: ElectionState, ...events: readonly ElectionEvent[]) {
  let step = elect(state, { kind: "gone", nodeId: "nobody" });
  for (const event of events) step = elect(step.state, event);
  return step;
}

const met = (change: Partial<Peer>, nowMs = 0): ElectionEvent => ({
  kind: "met",
  nowMs,
  peer: peer({ metMs: nowMs, ...change }),
});
const tick = (nowMs: number): ElectionEvent => ({ kind: "tick", nowMs });

function leading(): ElectionState {
  const { state } = after(started(), tick(1_000));
  return elect(state, {
    kind: "term_saved",
    nowMs: 1_000,
    term: { counter: 4, node_id: "m" },
  }).state;
}

describe("discovering", () => {
  test("waits for its window, then writes down a claim, then leads", () => {
    expect(after(started(), tick(999)).actions).toEqual([]);
    const claimed = after(started(), tick(1_000));
    const term = { counter: 4, node_id: "m" };
    expect(claimed.actions).toEqual([{ kind: "save_term", term }]);
    expect(claimed.state.role).toBe("discovering");
    const led = elect(claimed.state, { kind: "term_saved", nowMs: 1_001, term });
    expect(led.actions).toEqual([{ kind: "lead", predecessor: undefined }]);
    expect(led.state).toMatchObject({ role: "hub", hub: "m", term });
  });

  test("claims above every term it has heard of", () => {
    const { actions } = after(
      started(),
      met({ nodeId: "a", term: { counter: 9, node_id: "z" } }),
      tick(1_000),
    );
    expect(actions).toEqual([{ kind: "save_term", term: { counter: 10, node_id: "m" } }]);
  });

  test("leaves a better one the first word, but not for ever", () => {
    const better = met({ nodeId: "z" });
    expect(after(started(), better, tick(1_000)).actions).toEqual([]);
    expect(after(started(), better, tick(2_500)).actions).toHaveLength(1);
    expect(
      after(started(), better, { kind: "gone", nodeId: "z" }, tick(1_000)).actions,
    ).toHaveLength(1);
    expect(after(started(), met({ nodeId: "a" }), tick(1_000)).actions).toHaveLength(1);
    expect(
      after(started(), met({ nodeId: "z", mayClaim: false }), tick(1_000)).actions,
    ).toHaveLength(1);
  });

  test("follows a hub that it has dialled, dials one that it has not", () => {
    const hub = { nodeId: "a", role: "hub", term: { counter: 7, node_id: "a" } } as const;
    const followed = after(started(), met(hub));
    expect(followed.actions).toEqual([{ kind: "follow", nodeId: "a" }]);
    expect(followed.state).toMatchObject({ role: "worker", hub: "a", term: { counter: 7 } });
    expect(after(started(), met({ ...hub, dialled: false })).actions).toEqual([
      { kind: "dial", nodeId: "a" },
    ]);
  });

  test("a hub that shows itself while the claim is being written stands", () => {
    const term = { counter: 4, node_id: "m" };
    const { state } = after(started(), tick(1_000), met({ nodeId: "a", role: "hub" }));
    const { state: late, actions } = elect(state, { kind: "term_saved", nowMs: 1_001, term });
    expect(late.role).toBe("worker");
    expect(actions).toEqual([]);
  });

  test("one that may not claim waits", () => {
    const worker = started({ ...self, mayClaim: false });
    expect(after(worker, tick(60_000)).actions).toEqual([]);
  });
});

describe("two hubs", () => {
  const lower = { nodeId: "a", role: "hub", term: { counter: 4, node_id: "a" } } as const;
  const higher = { ...lower, nodeId: "z" } as const;

  test("the lower yields to one that it has dialled, else dials", () => {
    expect(elect(leading(), met(higher)).actions).toEqual([{ kind: "follow", nodeId: "z" }]);
    expect(elect(leading(), met({ ...higher, dialled: false })).actions).toEqual([
      { kind: "dial", nodeId: "z" },
    ]);
  });

  test("the higher takes a term above both, once", () => {
    const ahead = { ...lower, term: { counter: 8, node_id: "a" } };
    const merged = elect(leading(), met(ahead));
    expect(merged.actions).toEqual([{ kind: "save_term", term: { counter: 9, node_id: "m" } }]);
    const term = { counter: 9, node_id: "m" };
    const saved = elect(merged.state, { kind: "term_saved", nowMs: 0, term });
    expect(saved.state).toMatchObject({ role: "hub", term });
    expect(elect(saved.state, met(ahead)).actions).toEqual([]);
  });

  test("one that cannot be dialled yields whatever its rank", () => {
    const unreached = met({ ...lower, cannotDialUs: true });
    expect(elect(leading(), unreached).actions).toEqual([{ kind: "follow", nodeId: "a" }]);
  });

  test("one that was given the other's URL yields whatever its rank", () => {
    expect(elect(leading(), met({ ...lower, weDefer: true })).actions).toEqual([
      { kind: "follow", nodeId: "a" },
    ]);
    expect(elect(leading(), met({ ...higher, defersToUs: true })).actions).toEqual([]);
  });

  test("never yield to each other, and never both stay", () => {
    const candidate = fc.record({
      nodeId: fc.string({ minLength: 1, maxLength: 3 }),
      priority: fc.nat(3),
      mayClaim: fc.constant(true),
    });
    fc.assert(
      fc.property(candidate, candidate, fc.boolean(), fc.boolean(), (a, b, aDefers, bDefers) => {
        fc.pre(a.nodeId !== b.nodeId);
        const bSeenByA = peer({ ...b, weDefer: aDefers, defersToUs: bDefers });
        const aSeenByB = peer({ ...a, weDefer: bDefers, defersToUs: aDefers });
        expect(peerOutranksUs(a, bSeenByA)).not.toBe(peerOutranksUs(b, aSeenByB));
      }),
    );
  });
});

describe("a worker", () => {
  const worker = () => after(started(), met({ nodeId: "z", role: "hub" })).state;

  test("keeps its hub while that is there", () => {
    const other = met({ nodeId: "y", role: "hub", term: { counter: 99, node_id: "y" } });
    expect(elect(worker(), other).actions).toEqual([]);
    const { state } = elect(worker(), { kind: "suspected", suspect: true });
    expect(elect(state, other).actions).toEqual([{ kind: "follow", nodeId: "y" }]);
  });

  test("succeeds it by a claim of its own", () => {
    const step = elect(worker(), { kind: "succeed", nowMs: 0 });
    expect(step.actions).toEqual([{ kind: "save_term", term: { counter: 4, node_id: "m" } }]);
    const led = elect(step.state, {
      kind: "term_saved",
      nowMs: 0,
      term: { counter: 4, node_id: "m" },
    });
    expect(led.actions).toEqual([{ kind: "lead", predecessor: "z" }]);
  });
});

describe("rank", () => {
  test("is a total order", () => {
    const candidate = fc.record({
      nodeId: fc.string(),
      priority: fc.nat(2),
      mayClaim: fc.boolean(),
    });
    fc.assert(
      fc.property(candidate, candidate, candidate, (a, b, c) => {
        if (a.nodeId !== b.nodeId) expect(outranks(a, b)).not.toBe(outranks(b, a));
        if (outranks(a, b) && outranks(b, c)) expect(outranks(a, c)).toBe(true);
      }),
    );
  });

  test("names the successor", () => {
    expect(successorOf([])).toBeUndefined();
    expect(successorOf([{ ...self, mayClaim: false }])).toBeUndefined();
    const workers = ["b", "z", "c"].map((nodeId) => ({ ...self, nodeId }));
    expect(successorOf(workers)).toBe("z");
    expect(successorOf([...workers, { ...self, nodeId: "a", priority: 101 }])).toBe("a");
  });
});

describe("after a hub has fallen silent", () => {
  const base = {
    self,
    nowMs: 10_000,
    suspectedAtMs: 10_000,
    opinions: [] as readonly Opinion[],
    othersKnown: 2,
    hubLeft: false,
  };
  const says = (nodeId: string, lost: boolean | null, atMs = 10_000): Opinion => ({
    nodeId,
    priority: 100,
    mayClaim: true,
    lost,
    atMs,
  });

  test("a worker without others claims", () => {
    expect(judgeTakeover({ ...base, othersKnown: 0 })).toBe("claim");
  });

  test("with others it needs one that has lost it too", () => {
    expect(judgeTakeover(base)).toBe("wait");
    expect(judgeTakeover({ ...base, opinions: [says("a", true)] })).toBe("claim");
    expect(judgeTakeover({ ...base, opinions: [says("a", null)] })).toBe("wait");
    expect(judgeTakeover({ ...base, opinions: [says("a", true, 8_000)] })).toBe("wait");
  });

  test("one that still hears the hub is enough to leave it", () => {
    const opinions = [says("a", true), says("b", false)];
    expect(judgeTakeover({ ...base, opinions })).toBe("wait");
    expect(judgeTakeover({ ...base, opinions, suspectedAtMs: 0 })).toBe("wait");
  });

  test("a better one goes first, for a while", () => {
    const opinions = [says("z", true)];
    expect(judgeTakeover({ ...base, opinions })).toBe("wait");
    expect(judgeTakeover({ ...base, opinions, suspectedAtMs: 7_000 })).toBe("claim");
  });

  test("cut off from all the others it leads alone after a while", () => {
    expect(judgeTakeover({ ...base, suspectedAtMs: 9_000 })).toBe("wait");
    expect(judgeTakeover({ ...base, suspectedAtMs: 7_000 })).toBe("claim");
  });

  test("a hub that left is not waited for", () => {
    expect(judgeTakeover({ ...base, hubLeft: true })).toBe("claim");
    expect(judgeTakeover({ ...base, hubLeft: true, opinions: [says("a", false)] })).toBe("claim");
  });

  test("one that may not claim looks for another hub in the end", () => {
    const worker = { ...base, self: { ...self, mayClaim: false } };
    expect(judgeTakeover(worker)).toBe("wait");
    expect(judgeTakeover({ ...worker, suspectedAtMs: 1_000 })).toBe("rediscover");
  });
});
