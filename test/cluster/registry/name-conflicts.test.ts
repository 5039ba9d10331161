import { describe, expect, test } from "bun:test";
import {
  NAME_CONFLICT_RULES,
  type NameConflictRule,
  nameAlias,
  nameTanks,
} from "../../../src/cluster/registry/name-conflicts.ts";

/** `server/name` of each tank, in order. */
function called(rule: NameConflictRule, ...tanks: readonly string[]): Record<string, string> {
  const claims = tanks.map((text) => {
    const [server = "", name = ""] = text.split("/");
    return { server, name };
  });
  const names = [...nameTanks(claims, rule)];
  return Object.fromEntries(names.map(([call, { server, name }]) => [call, `${server}/${name}`]));
}

describe("several tanks of one name, beside one with a name of its own", () => {
  test.each([
    ["suffix", { reef: "a/reef", reef_1: "b/reef", reef_2: "c/reef", pond: "a/pond" }],
    ["prefix", { a_reef: "a/reef", b_reef: "b/reef", c_reef: "c/reef", pond: "a/pond" }],
    [
      "qualified",
      { "a::reef": "a/reef", "b::reef": "b/reef", "c::reef": "c/reef", pond: "a/pond" },
    ],
    ["manual", { pond: "a/pond" }],
    ["fail", { pond: "a/pond" }],
  ] as const)("%s", (rule, expected) => {
    expect(called(rule, "a/reef", "b/reef", "a/pond", "c/reef")).toEqual(expected);
  });

  test("are the five rules there are", () => {
    expect(NAME_CONFLICT_RULES).toEqual(["suffix", "prefix", "qualified", "manual", "fail"]);
  });

  test.each([
    ["suffix", { reef: "a/reef", reef_1: "c/reef_1", reef_2: "b/reef" }],
    ["prefix", { a_reef: "a/reef", b_reef: "b/reef", reef_1: "c/reef_1" }],
  ] as const)("a made-up name takes none away that a tank really has: %s", (rule, expected) => {
    expect(called(rule, "a/reef", "b/reef", "c/reef_1")).toEqual(expected);
  });

  test("two of one name on one server: neither is called as the other", () => {
    expect(called("qualified", "a/reef", "a/reef", "b/reef")).toEqual({ "b::reef": "b/reef" });
    expect(called("suffix", "a/reef", "a/reef")).toEqual({ reef: "a/reef", reef_1: "a/reef" });
    expect(called("prefix", "a/reef", "b/reef", "c/a_reef")).toEqual({
      a_reef: "c/a_reef",
      b_reef: "b/reef",
    });
  });
});

describe("an alias that is taken", () => {
  const wanted = { name: "reef", server: "b" };
  test.each([
    ["suffix", "reef_1"],
    ["prefix", "b_reef"],
    ["qualified", "b::reef"],
    ["manual", "reef"],
    ["fail", undefined],
  ] as const)("%s", (rule, expected) => {
    expect(nameAlias(wanted, (name) => name === "reef", rule)).toBe(expected);
    expect(nameAlias(wanted, () => false, rule)).toBe("reef");
  });

  test.each(["prefix", "qualified", "fail"] as const)("%s gives up where all is taken", (rule) => {
    expect(nameAlias(wanted, () => true, rule)).toBeUndefined();
  });

  test("suffix goes up to ten", () => {
    const below = (max: number) => (name: string) =>
      name === "reef" || Number(name.split("_")[1]) <= max;
    expect(nameAlias(wanted, below(9), "suffix")).toBe("reef_10");
    expect(nameAlias(wanted, below(10), "suffix")).toBeUndefined();
  });
});
