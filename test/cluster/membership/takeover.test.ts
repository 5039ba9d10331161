import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type HubLoss, judgeTakeover } from "../../../src/cluster/membership/takeover.ts";

/** The first successor of three workers, at the moment when it has lost its hub. */
const LOSS: HubLoss = {
  nowMs: 100_000,
  lostAtMs: 100_000,
  place: 0,
  hasSuccessors: true,
  mayClaim: true,
  hubLeft: false,
  hubRefuses: false,
  earlierAnswers: false,
  alsoLost: 0,
  stillHeard: 0,
  othersKnown: 2,
  hasWholeCopy: true,
};

/** The verdict `afterMs` after the loss. */
function verdict(facts: Partial<HubLoss>, afterMs = 0) {
  return judgeTakeover({ ...LOSS, nowMs: LOSS.lostAtMs + afterMs, ...facts });
}

describe("the first successor", () => {
  test("claims on its own loss and one report, and not without", () => {
    expect(verdict({ alsoLost: 1 })).toBe("claim");
    expect(verdict({})).toBe("wait");
    expect(verdict({ hubRefuses: true })).toBe("wait");
  });

  test("that nobody confirms looks for a hub anew: its own link may have broken", () => {
    expect(verdict({}, 4_900)).toBe("wait");
    expect(verdict({}, 5_100)).toBe("rediscover");
  });

  test("claims at once when the hub has said that it leaves, whoever still hears it", () => {
    expect(verdict({ hubLeft: true })).toBe("claim");
    expect(verdict({ hubLeft: true, stillHeard: 2 })).toBe("claim");
  });

  test("goes on through one that still hears the hub, after a moment, and never claims", () => {
    const heard = { stillHeard: 1, alsoLost: 1 };
    expect(verdict(heard, 1_400)).toBe("wait");
    expect(verdict(heard, 1_600)).toBe("detour");
    expect(verdict(heard, 60_000)).toBe("detour");
  });
});

describe("the second successor", () => {
  test("leaves the first one its time", () => {
    expect(verdict({ place: 1, alsoLost: 1 }, 700)).toBe("wait");
    expect(verdict({ place: 1, alsoLost: 1 }, 900)).toBe("claim");
  });

  test("and more of it where that one answers: it is about to lead", () => {
    const answered = { place: 1, alsoLost: 1, earlierAnswers: true };
    expect(verdict(answered, 900)).toBe("wait");
    expect(verdict(answered, 2_900)).toBe("wait");
    expect(verdict(answered, 3_100)).toBe("claim");
  });

  test("also when the hub has left", () => {
    expect(verdict({ place: 1, hubLeft: true }, 700)).toBe("wait");
    expect(verdict({ place: 1, hubLeft: true }, 900)).toBe("claim");
  });
});

describe("who is no successor", () => {
  const none = { place: undefined, alsoLost: 2 };

  test("waits for one of them, and looks for a hub anew when none comes", () => {
    expect(verdict(none, 4_900)).toBe("wait");
    expect(verdict({ ...none, hubLeft: true }, 4_900)).toBe("wait");
    expect(verdict(none, 5_100)).toBe("rediscover");
  });

  test("and knows of none does not wait for one when the hub has left", () => {
    const nobody = { ...none, hasSuccessors: false };
    expect(verdict({ ...nobody, hubLeft: true })).toBe("rediscover");
    expect(verdict(nobody, 1_400)).toBe("wait");
    expect(verdict(nobody, 5_100)).toBe("rediscover");
  });

  test("nor does one that is named and may not claim", () => {
    expect(verdict({ mayClaim: false, alsoLost: 2 })).toBe("wait");
    expect(verdict({ mayClaim: false, alsoLost: 2 }, 5_100)).toBe("rediscover");
  });
});

describe("a successor that knows nobody else", () => {
  const alone = { othersKnown: 0 };

  test("claims when a whole list says so, or the hub's port refuses", () => {
    expect(verdict(alone)).toBe("claim");
    expect(verdict({ ...alone, hasWholeCopy: false, hubRefuses: true })).toBe("claim");
  });

  test("without a whole list waits: there may be others, and its own link may have broken", () => {
    const fresh = { ...alone, hasWholeCopy: false };
    expect(verdict(fresh, 5_900)).toBe("wait");
    expect(verdict(fresh, 6_100)).toBe("claim");
  });
});

const losses = fc.record({
  nowMs: fc.integer({ min: 0, max: 20_000 }),
  lostAtMs: fc.constant(0),
  place: fc.constantFrom(undefined, 0, 1),
  hasSuccessors: fc.boolean(),
  mayClaim: fc.boolean(),
  hubLeft: fc.boolean(),
  hubRefuses: fc.boolean(),
  earlierAnswers: fc.boolean(),
  alsoLost: fc.nat(3),
  stillHeard: fc.nat(3),
  othersKnown: fc.nat(3),
  hasWholeCopy: fc.boolean(),
});

describe("whatever is known", () => {
  test("only a successor that may claim claims, and only if the hub is silent or has left", () => {
    fc.assert(
      fc.property(losses, (loss) => {
        if (judgeTakeover(loss) !== "claim") return;
        expect([loss.mayClaim, loss.place === undefined]).toEqual([true, false]);
        expect(loss.hubLeft || loss.stillHeard === 0).toBe(true);
      }),
    );
  });

  test("nobody waits for ever", () => {
    fc.assert(
      fc.property(losses, (loss) => {
        expect(judgeTakeover({ ...loss, nowMs: 6_001 })).not.toBe("wait");
      }),
    );
  });

  test("a second successor never claims where the first one, knowing the same, would not", () => {
    fc.assert(
      fc.property(losses, (loss) => {
        const [first, second] = [0, 1].map((place) => judgeTakeover({ ...loss, place }));
        if (second === "claim") expect(first).toBe("claim");
      }),
    );
  });
});
