import { expect, test } from "bun:test";
import { untilAllSay } from "../../bench/cluster/watching.ts";

const PACE = { lookMs: 0, deadlineMs: Number.POSITIVE_INFINITY };

test("the one that was wrong last is asked first, and a last pass asks all", async () => {
  const asked: string[] = [];
  const wrong = new Map([["b", 2]]);
  const look = await untilAllSay(
    ["a", "b", "c"],
    async (who) => {
      asked.push(who);
      const left = wrong.get(who) ?? 0;
      wrong.set(who, left - 1);
      if (left > 0) throw new Error(`${who} is wrong`);
      return "a";
    },
    PACE,
  );
  expect(look).toMatchObject({ said: "a", flaw: undefined, requests: 6 });
  expect(asked.join(" ")).toBe("a b b b c a");
});

test("all must say the same in one pass", async () => {
  const answers = ["x", "y", "y", "y"];
  const look = await untilAllSay(["a", "b"], async () => answers.shift() ?? "y", PACE);
  expect(look).toMatchObject({ said: "y", requests: 4 });
});

test("when the time is up it tells what is wrong", async () => {
  const ask = async (): Promise<string> => {
    throw new Error("no hub");
  };
  const look = await untilAllSay(["a", "b"], ask, { lookMs: 0, deadlineMs: 0 });
  expect(look).toMatchObject({ said: undefined, flaw: "no hub", requests: 1 });
});
