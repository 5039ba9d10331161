import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  decideGathering,
  type GatheringDecision,
  type GatheringView,
  type Sighting,
} from "../../../src/cluster/membership/gathering.ts";
import { bestOf, type Candidate } from "../../../src/cluster/membership/rank.ts";
import { candidates } from "./support.ts";

const SELF: Candidate = { nodeId: "m", priority: 100, mayClaim: true };

/** A node that was just seen, looks for a hub itself, and was not dialled yet. */
function seen(nodeId: string, facts: Partial<Sighting> = {}): Sighting {
  return {
    nodeId,
    priority: 100,
    mayClaim: true,
    role: "discovering",
    hub: undefined,
    isDeaf: false,
    reached: false,
    isHearsay: false,
    failed: false,
    isOverdue: false,
    defersToUs: false,
    weDefer: false,
    ...facts,
  };
}

const hub = (nodeId: string, facts: Partial<Sighting> = {}) =>
  seen(nodeId, { role: "hub", ...facts });

/** What a node decides early, once its window is over, and once all it sees had their time too. */
function decide(all: readonly Sighting[], view: Partial<GatheringView> = {}) {
  const base = { self: SELF, awaitsGivenHub: false, hubsOver: false, ...view };
  const at = (windowOver: boolean, patienceOver: boolean) => {
    const sightings = all.map((one) => ({ ...one, isOverdue: one.isOverdue || patienceOver }));
    return inWords(decideGathering({ ...base, sightings, windowOver, patienceOver }));
  };
  return [at(false, false), at(true, false), at(true, true)];
}

function inWords(decision: GatheringDecision): string {
  switch (decision.kind) {
    case "dial":
      return `dial ${decision.nodeIds.join(" ")}`;
    case "follow":
      return `follow ${decision.nodeId}`;
    default:
      return decision.kind;
  }
}

describe("a node without a hub", () => {
  test("that sees nobody claims once others had the time to show themselves", () => {
    expect(decide([])).toEqual(["wait", "claim", "claim"]);
  });

  test("lets a better one claim, dials it when it does not, and claims itself in the end", () => {
    expect(decide([seen("z")])).toEqual(["wait", "dial z", "claim"]);
    expect(decide([seen("z", { reached: true })])).toEqual(["wait", "wait", "claim"]);
  });

  test("does not wait for ever for hubs that others name and nobody reaches", () => {
    const named = [hub("x"), seen("w", { role: "worker", hub: "y" })];
    expect(decide(named)).toEqual(["dial x", "dial x", "dial x"]);
    expect(decide(named, { hubsOver: true })).toEqual(["wait", "claim", "claim"]);
  });

  test("gives a better one that came late its time, and passes over one that had it", () => {
    const over = { windowOver: true, patienceOver: true, hubsOver: false };
    const late = { self: SELF, awaitsGivenHub: false, ...over };
    const overdue = seen("z", { isOverdue: true });
    const at = (...sightings: readonly Sighting[]) =>
      inWords(decideGathering({ ...late, sightings }));
    expect(at(seen("y"), overdue)).toBe("dial y");
    expect(at(seen("y", { reached: true }), overdue)).toBe("wait");
    expect(at(seen("a"), overdue)).toBe("claim");
  });

  test("does not wait for a lesser one, nor for one that may not claim or does not answer", () => {
    const claims = ["wait", "claim", "claim"];
    expect(decide([seen("a")])).toEqual(claims);
    expect(decide([seen("z", { priority: 99 })])).toEqual(claims);
    expect(decide([seen("z", { mayClaim: false })])).toEqual(claims);
    expect(decide([seen("z", { failed: true })])).toEqual(claims);
  });

  test("dials the best of those that are better, and passes over one that does not answer", () => {
    expect(decide([seen("x"), seen("z"), seen("y")])[1]).toBe("dial z");
    expect(decide([seen("x"), seen("z", { failed: true }), seen("y")])[1]).toBe("dial y");
  });

  test("dials several of those that nobody has seen of late: some of them are gone", () => {
    const remembered = ["w", "x", "y", "z"].map((one) => seen(one, { isHearsay: true }));
    expect(decide(remembered)[0]).toBe("dial z y x");
    expect(decide([seen("zz"), ...remembered])[1]).toBe("dial zz");
  });
});

describe("a hub that is seen", () => {
  test("is dialled first, and followed only once it has answered", () => {
    expect(decide([seen("z"), hub("a")])).toEqual(Array(3).fill("dial a"));
    expect(decide([seen("z"), hub("a", { reached: true })])).toEqual(Array(3).fill("follow a"));
  });

  test("is followed whatever the rank, the best of several", () => {
    const hubs = [hub("a", { reached: true }), hub("c", { reached: true }), hub("z")];
    expect(decide(hubs)[0]).toBe("follow c");
    const barred = hub("a", { reached: true, mayClaim: false });
    expect(decide([barred])[0]).toBe("follow a");
  });

  test("and does not answer is no hub for this node", () => {
    expect(decide([hub("z", { failed: true })])).toEqual(["wait", "claim", "claim"]);
  });
});

describe("a worker that is seen", () => {
  const worker = (facts: Partial<Sighting> = {}) =>
    seen("a", { role: "worker", hub: "h", ...facts });

  test("says that there is a hub: it is dialled, and has its time to tell", () => {
    expect(decide([worker()])).toEqual(["dial a", "dial a", "claim"]);
    expect(decide([worker({ failed: true })])).toEqual(["wait", "claim", "claim"]);
  });

  test("leads to a hub that cannot be dialled, if it hears that itself", () => {
    expect(decide([worker({ reached: true })])[2]).toBe("follow h");
    expect(decide([worker({ reached: true, isDeaf: true })])[2]).toBe("claim");
  });
});

describe("a node that was told to follow this one", () => {
  const deferring = (facts: Partial<Sighting> = {}) => seen("z", { defersToUs: true, ...facts });

  test("waits for it, so that it claims at once, also beside a hub of that kind", () => {
    expect(decide([deferring()])).toEqual(Array(3).fill("claim"));
    expect(decide([deferring({ role: "hub" })])[0]).toBe("claim");
    expect(decide([deferring({ role: "worker" })])[0]).toBe("claim");
  });

  test("and follows another hub by now does not", () => {
    expect(decide([deferring({ role: "worker", hub: "h" })])[0]).not.toBe("claim");
  });

  test("changes nothing where both name each other, or this one may not claim", () => {
    expect(decide([deferring({ weDefer: true })])[0]).toBe("dial z");
    const self = { ...SELF, mayClaim: false };
    expect(decide([deferring()], { self })).toEqual(Array(3).fill("dial z"));
  });

  test("is waited for in turn where this one was told to follow it, whatever the rank", () => {
    expect(decide([seen("a", { weDefer: true })])).toEqual(["dial a", "dial a", "claim"]);
  });
});

describe("a hub that was given by URL and does not answer yet", () => {
  const awaitsGivenHub = true;

  test("is waited for, and meanwhile somebody else may know one", () => {
    expect(decide([], { awaitsGivenHub })).toEqual(["wait", "wait", "wait"]);
    expect(decide([seen("a"), seen("b")], { awaitsGivenHub })).toEqual(Array(3).fill("dial b"));
  });

  test("is not waited for where another hub answers, or somebody waits for this node", () => {
    expect(decide([hub("a", { reached: true })], { awaitsGivenHub })[2]).toBe("follow a");
    expect(decide([seen("a", { defersToUs: true })], { awaitsGivenHub })[0]).toBe("claim");
  });
});

const sightings = fc
  .uniqueArray(
    fc.record({
      nodeId: fc.string({ minLength: 1, maxLength: 2 }),
      priority: fc.constantFrom(0, 100, 1_000),
      mayClaim: fc.boolean(),
      role: fc.constantFrom("discovering" as const, "hub" as const, "worker" as const),
      hub: fc.option(fc.constant("h"), { nil: undefined }),
      isDeaf: fc.boolean(),
      reached: fc.boolean(),
      isHearsay: fc.boolean(),
      failed: fc.boolean(),
      isOverdue: fc.boolean(),
      defersToUs: fc.boolean(),
      weDefer: fc.boolean(),
    }),
    { selector: ({ nodeId }) => nodeId, maxLength: 6 },
  )
  .map((all) => all.map((one) => ({ ...one, failed: one.failed && !one.reached })));

const views = fc
  .record({
    self: fc.record({
      nodeId: fc.constant("self"),
      priority: fc.constantFrom(0, 100, 1_000),
      mayClaim: fc.boolean(),
    }),
    windowOver: fc.boolean(),
    patienceOver: fc.boolean(),
    hubsOver: fc.boolean(),
    awaitsGivenHub: fc.boolean(),
    sightings,
  })
  .map((view) => ({ ...view, windowOver: view.windowOver || view.patienceOver }));

describe("whatever is seen", () => {
  test("of nodes that all see each other only the best claims before its time is over", () => {
    fc.assert(
      fc.property(candidates({ minLength: 1 }), (all) => {
        const claimants = all.filter((self) => {
          const others = all.filter((one) => one !== self).map((one) => seen(one.nodeId, one));
          const view = { self, awaitsGivenHub: false, hubsOver: false, sightings: others };
          return (
            decideGathering({ ...view, windowOver: true, patienceOver: false }).kind === "claim"
          );
        });
        const best = bestOf(all);
        expect(claimants).toEqual(best ? [best] : []);
      }),
    );
  });

  test("a node that may not claim does not, and it follows only who has answered", () => {
    fc.assert(
      fc.property(views, (view) => {
        const decision = decideGathering(view);
        if (!view.self.mayClaim) expect(decision.kind).not.toBe("claim");
        if (decision.kind !== "follow") return;
        const { nodeId, via } = decision;
        const asked = view.sightings.find((one) => one.nodeId === (via ?? nodeId));
        // A hub that is out of reach only through a worker that names it.
        expect(asked).toMatchObject(
          via ? { hub: nodeId, reached: true, isDeaf: false } : { role: "hub", reached: true },
        );
      }),
    );
  });

  test("few are dialled, and none of those that have just answered or not", () => {
    fc.assert(
      fc.property(views, (view) => {
        const decision = decideGathering(view);
        if (decision.kind !== "dial") return;
        expect(decision.nodeIds.length).toBeLessThanOrEqual(3);
        for (const nodeId of decision.nodeIds) {
          const dialled = view.sightings.find((one) => one.nodeId === nodeId);
          expect(dialled).toMatchObject({ reached: false, failed: false });
        }
      }),
    );
  });

  test("it is decided in the end: a candidate without a given hub does not wait for ever", () => {
    fc.assert(
      fc.property(views, (drawn) => {
        const self = { ...drawn.self, mayClaim: true };
        const over = { windowOver: true, patienceOver: true, awaitsGivenHub: false };
        const seen = drawn.sightings.map((one) => ({ ...one, isOverdue: true }));
        const view = { ...drawn, ...over, self, sightings: seen };
        expect(decideGathering(view).kind).not.toBe("wait");
      }),
    );
  });
});
