import { describe, expect, test } from "bun:test";
import type { Alias, TankLocation } from "../../../src/cluster/cluster.ts";
import { Aliases } from "../../../src/cluster/registry/aliases.ts";
import type { NameConflictRule } from "../../../src/cluster/registry/name-conflicts.ts";
import { findTank } from "../../../src/cluster/registry/tank-names.ts";
import { Problem, type ProblemCode } from "../../../src/platform/errors.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import type { Journal } from "../../../src/store/journal.ts";
import { MemoryJournal } from "../../../src/store/memory/journal.ts";

function tank(server: string, tank_id: string, name: string): TankLocation {
  const node_id = `node-${server}`;
  const is_local = server === "here";
  return { node_id, server_id: server, tank: { tank_id, name, epoch: 1 }, is_local };
}

const TANKS = [
  tank("far", "f1", "reef"),
  tank("here", "h1", "reef"),
  tank("here", "h2", "pond"),
  tank("far", "f2", "pool"),
  tank("far", "f3", "pool"),
];

function find(text: string, rule: NameConflictRule = "qualified", tanks = TANKS): string {
  const found = findTank(text, tanks, { alias: () => undefined, rule });
  return found === undefined ? "none" : found.tank.tank_id;
}

/** The sentence of a refusal with this code. */
function refusal(code: ProblemCode, task: () => unknown): string {
  try {
    task();
  } catch (error) {
    if (error instanceof Problem && error.code === code) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("what a text means", () => {
  test.each([
    ["an id", "f1", "f1"],
    ["a name that one tank has", "pond", "h2"],
    ["SERVER::TANK by label and name", "far::reef", "f1"],
    ["by label and id", "far::f3", "f3"],
    ["by node id and name", "node-here::reef", "h1"],
    ["a tank that is elsewhere", "here::f1", "none"],
    ["an unknown server", "nowhere::reef", "none"],
    ["no tank", "::", "none"],
    ["nothing known", "lake", "none"],
  ] as const)("%s", (_, text, id) => {
    expect(find(text)).toBe(id);
  });

  test("a name with colons of its own is a name", () => {
    expect(find("a::b", "qualified", [tank("far", "f1", "a::b")])).toBe("f1");
  });

  test("an id that a stranger claims as well is this node's", () => {
    const tanks = [tank("far", "h1", "trap"), tank("here", "h1", "reef")];
    expect(findTank("h1", tanks, { alias: () => undefined, rule: "fail" })?.node_id).toBe(
      "node-here",
    );
  });

  test.each([
    ["suffix", "reef", "f1"],
    ["suffix", "reef_1", "h1"],
    ["suffix", "pool_1", "f3"],
    ["prefix", "here_reef", "h1"],
    ["qualified", "here::reef", "h1"],
    ["manual", "here::reef", "h1"],
    ["fail", "here::reef", "h1"],
  ] as const)("under %s %s is one of several", (rule, text, id) => {
    expect(find(text, rule)).toBe(id);
  });

  test.each([
    ["prefix", "say far_reef or here_reef"],
    ["qualified", "say far::reef or here::reef"],
    ["manual", "say far::f1 or here::h1"],
    ["fail", "say far::f1 or here::h1"],
  ] as const)("under %s the bare name is refused with those that do", (rule, words) => {
    const said = refusal("conflict", () => find("reef", rule));
    expect(said).toStartWith(`Several tanks are called reef: ${words}`);
  });

  test("two of one name on one server are told apart by id", () => {
    expect(refusal("conflict", () => find("far::pool"))).toContain("say far::f2 or far::f3");
  });
});

/** The aliases of a node that knows these tanks. */
function bookOf(rule: NameConflictRule, journal: Pick<Journal, "meta" | "commit">) {
  const tanks = [...TANKS];
  const locate = (text: string) =>
    findTank(text, tanks, { alias: (name) => aliases.get(name), rule });
  const called = (name: string) => tanks.filter((one) => one.tank.name === name);
  const aliases: Aliases = new Aliases({ journal, rule, locate, called });
  return { aliases, locate, tanks };
}

const told = (alias: Alias) => `${alias.alias}=${alias.server_id}::${alias.tank_id}`;

describe("aliases", () => {
  test("are kept, found, and forgotten", async () => {
    const journal = new MemoryJournal();
    const { aliases } = bookOf("qualified", journal);
    expect(told(await aliases.give("home", "here::reef"))).toBe("home=here::h1");
    await aliases.give("away", "f2");
    const again = bookOf("qualified", journal);
    await again.aliases.load();
    expect(again.aliases.list().map(told)).toEqual(["home=here::h1", "away=far::f2"]);
    expect(again.locate("home")?.tank.tank_id).toBe("h1");
    await again.aliases.remove("home");
    await expect(again.aliases.remove("home")).rejects.toMatchObject({ code: "unknown_alias" });
    const last = bookOf("qualified", journal);
    await last.aliases.load();
    expect(last.aliases.list().map(told)).toEqual(["away=far::f2"]);
    expect(last.locate("home")).toBeUndefined();
  });

  test("may be given of an alias, and again for the same tank", async () => {
    const { aliases } = bookOf("fail", new MemoryJournal());
    await aliases.give("away", "f2");
    expect(told(await aliases.give("afar", "away"))).toBe("afar=far::f2");
    expect(told(await aliases.give("away", "f2"))).toBe("away=far::f2");
    expect(aliases.list()).toHaveLength(2);
  });

  test.each([
    ["suffix", "pond_1=far::f1"],
    ["prefix", "far_pond=far::f1"],
    ["qualified", "far::pond=far::f1"],
    ["manual", "pond=far::f1"],
  ] as const)("that take the name of another tank, under %s", async (rule, expected) => {
    const { aliases, locate } = bookOf(rule, new MemoryJournal());
    const made = await aliases.give("pond", "f1");
    expect(told(made)).toBe(expected);
    expect(locate(made.alias)?.tank.tank_id).toBe("f1");
  });

  test("under fail take no name that a tank or an alias has", async () => {
    const { aliases } = bookOf("fail", new MemoryJournal());
    await expect(aliases.give("pond", "f1")).rejects.toMatchObject({ code: "conflict" });
    await aliases.give("home", "h1");
    await expect(aliases.give("home", "f1")).rejects.toMatchObject({ code: "conflict" });
  });

  test("of a tank that is not listed say so instead of meaning another", async () => {
    const { aliases, locate, tanks } = bookOf("qualified", new MemoryJournal());
    await aliases.give("home", "f1");
    tanks.splice(0, 1);
    expect(refusal("unknown_tank", () => locate("home"))).toContain("the tank f1 of far");
  });

  test("are not taken over by a node that claims the tank's id", async () => {
    const { aliases, locate, tanks } = bookOf("qualified", new MemoryJournal());
    await aliases.give("home", "f1");
    tanks.unshift(tank("thief", "f1", "trap"));
    expect(locate("home")?.node_id).toBe("node-far");
  });

  test.each(["", "a b", "a::b", "-x", "x".repeat(65), "0123456789abcdef", "a\u202eb"])(
    "are not called %j",
    async (name) => {
      const { aliases } = bookOf("qualified", new MemoryJournal());
      await expect(aliases.give(name, "f1")).rejects.toThrow("An alias has up to 64");
    },
  );

  test("need a tank, are bounded, and come one after the other", async () => {
    const journal = new MemoryJournal();
    const { aliases } = bookOf("qualified", journal);
    await expect(aliases.give("x", "lake")).rejects.toMatchObject({ code: "unknown_tank" });
    const names = Array.from({ length: LIMITS.aliasesMax }, (_, n) => `alias-${n}`);
    await Promise.all(names.map((name) => aliases.give(name, "f1")));
    await expect(aliases.give("more", "f1")).rejects.toMatchObject({ code: "too_many" });
    const again = bookOf("qualified", journal);
    await again.aliases.load();
    expect(again.aliases.list()).toHaveLength(LIMITS.aliasesMax);
  });

  test.each(["", "{", "[1]", '[{"alias":""}]'])("of a damaged list are none: %j", async (value) => {
    const journal = new MemoryJournal();
    await journal.commit([{ put: "meta", key: "cluster.aliases", value }]);
    const { aliases } = bookOf("qualified", journal);
    await aliases.load();
    expect(aliases.list()).toEqual([]);
  });
});
