import { describe, expect, test } from "bun:test";
import { type Ran, runIn, type World } from "./fake-host.ts";

const SHORT = ["--seed", "3", "--ticks", "600"] as const;
const RING = [...SHORT, "--tanks", "3", "--migrate-every", "200", "--migrants", "2"] as const;

function run(world: World, ...flags: readonly string[]): Promise<Ran> {
  return runIn(world, "run", ...flags);
}

test("--json prints the fields of the contract and no others", async () => {
  const { code, out, err } = await run({}, ...RING, "--json");
  expect([code, err]).toEqual([0, ""]);
  const result = JSON.parse(out);
  expect(Object.keys(result)).toEqual([
    "seed",
    "ticks",
    "tanks",
    "digest",
    "fish_steps",
    "wall_seconds",
    "fish_steps_per_second",
    "alive",
    "births",
    "deaths",
    "max_generation",
    "poker_games",
    "diversity",
    "migrations",
  ]);
  expect(result).toMatchObject({ seed: 3, ticks: 600, tanks: 3, migrations: 12 });
});

test("people read the same in words", async () => {
  const { code, out } = await run({}, ...RING);
  expect(code).toBe(0);
  expect(out).toMatch(/^fish +\d+ alive, \d+ born, \d+ spawned$/m);
  for (const line of [/^seed +3$/m, /^tanks +3, 12 migrations$/m, /^digest +[0-9a-f]{32}$/m]) {
    expect(out).toMatch(line);
  }
  expect((await run({}, ...SHORT)).out).not.toContain("tanks");
});

describe("--out", () => {
  test("writes a time series, the phylogeny, and how to have it again", async () => {
    const written = new Map<string, string>();
    const { code, out } = await run({ written }, ...RING, "--out", "/results", "--json");
    expect(code).toBe(0);
    expect([...written.keys()].sort()).toEqual(
      ["phylogeny.csv", "run.json", "series.csv"].map((name) => `/results/${name}`),
    );
    const summary = JSON.parse(written.get("/results/run.json") ?? "");
    expect(summary).toMatchObject({ complete: true, result: JSON.parse(out) });
    const again = summary.command.split(" ").slice(1);
    const second = JSON.parse((await runIn({}, ...again, "--json")).out);
    expect(second.digest).toBe(summary.result.digest);
  });

  test("has one line for each tank and hundred ticks, and each line as many cells", async () => {
    const written = new Map<string, string>();
    await run({ written }, ...RING, "--ticks", "650", "--out", "o");
    const rows = table(written.get("o/series.csv"));
    expect(rows[0]?.slice(0, 3)).toEqual(["tick", "tank", "population"]);
    const at = rows.slice(1).map(([tick, tank]) => `${tick}/${tank}`);
    const ticks = [0, 100, 200, 300, 400, 500, 600, 650];
    expect(at).toEqual(ticks.flatMap((tick) => [0, 1, 2].map((tank) => `${tick}/${tank}`)));
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  });

  test("has a phylogeny after the ALife data standard", async () => {
    const written = new Map<string, string>();
    await run({ written }, ...RING, "--ticks", "2500", "--out", "o");
    const text = written.get("o/phylogeny.csv") ?? "";
    const [header = "", ...lines] = text.trimEnd().split("\n");
    expect(header).toStartWith("id,ancestor_list,origin_time,destruction_time,birth_tank,tank,");
    const LINE = /^(\d+),"\[(none|\d+|\d+,\d+)\]",(\d+),(none|\d+),\d,\d,[a-z_]+,\d+,\d+,\d+$/;
    const rows = lines.map((line) => LINE.exec(line) ?? []);
    expect(rows.every((row) => row.length > 0)).toBe(true);
    const ids = new Set(rows.map(([, id]) => id));
    expect(ids.size).toBe(lines.length);
    const ancestors = rows.flatMap(([, , list = ""]) => (list === "none" ? [] : list.split(",")));
    expect(ancestors.length).toBeGreaterThan(100);
    expect(ancestors.every((ancestor) => ids.has(ancestor))).toBe(true);
  });

  test("never leaves the summary of another run beside new files", async () => {
    const written = new Map([["o/run.json", "old"]]);
    const world = { written, isTerminal: false, onSignal: failing };
    await run(world, ...SHORT, "--out", "o").catch(() => {});
    expect(written.has("o/run.json")).toBe(false);
  });
});

test("Ctrl-C ends with the results so far, and the files tell where it ended", async () => {
  const written = new Map<string, string>();
  const onSignal = (listener: (signal: "SIGINT") => void) => {
    queueMicrotask(() => listener("SIGINT"));
    return () => {};
  };
  const { code, out, err } = await run(
    { written, onSignal },
    ...RING,
    "--ticks",
    "1000000",
    "--out",
    "o",
    "--json",
  );
  expect(code).toBe(0);
  const { ticks, digest } = JSON.parse(out);
  expect(err).toBe(`tankd: stopped at tick ${ticks} of 1000000\n`);
  const summary = JSON.parse(written.get("o/run.json") ?? "");
  expect(summary).toMatchObject({ complete: false, result: { ticks, digest } });
  const again = summary.command.split(" ").slice(1);
  expect(JSON.parse((await runIn({}, ...again, "--json")).out).digest).toBe(digest);
});

test("a second Ctrl-C ends at once, without results", async () => {
  const written = new Map<string, string>();
  const onSignal = (listener: (signal: "SIGINT") => void) => {
    queueMicrotask(() => {
      listener("SIGINT");
      expect(() => listener("SIGINT")).toThrow("the process has ended");
    });
    return () => {};
  };
  const exits: number[] = [];
  const exit = (code: number): never => {
    exits.push(code);
    throw new Error("the process has ended");
  };
  const flags = [...RING, "--ticks", "1000000", "--out", "o"];
  await run({ written, onSignal, exit }, ...flags);
  expect(exits).toEqual([1]);
});

test("a progress bar on a terminal only, and it is gone in the end", async () => {
  expect((await run({}, ...SHORT)).err).toBe("");
  const { err } = await run({ isTerminal: true }, ...SHORT);
  expect(err).toContain("tick 0 of 600");
  expect(err).toEndWith("\r\x1b[K");
});

describe("wrong usage ends with 2 and one line", () => {
  test.each([
    [
      ["--tanks", "2", "--topology", "rign"],
      /"rign": give ring, full, star or random; did you mean ring\?/,
    ],
    [["--tanks", "2", "--topology", "torus"], /"torus": give ring, full, star or random$/m],
    [["--tanks", "2", "--migrate-every", "0"], /--migrate-every cannot be "0": give .* from 1/],
    [["--tanks", "2", "--migrants", "101"], /--migrants cannot be "101": .* from 0 to 100$/m],
    [["--tanks", "2", "--migrants", "-1"], /--migrants cannot be "-1"/],
    [["--tanks", "0"], /--tanks cannot be "0": give a whole number from 1 to 1024/],
    [["--tanks", "1025"], /--tanks cannot be "1025"/],
    [["--tanks", "1000", "--fish", "5000"], /1000 tanks of 5000 fish are too many/],
    [["--threads", "0"], /--threads cannot be "0": give a whole number from 1 to 256/],
    [["--threads", "two"], /--threads cannot be "two"/],
    [["--topology", "ring"], /--topology needs tanks to migrate between: give --tanks 2/],
    [["--migrants", "3"], /--migrants needs tanks/],
    [["--migrate-every", "3"], /--migrate-every needs tanks/],
    [["--seed", "9007199254740993"], /--seed cannot be/],
    [["--ticks", "1e3"], /--ticks cannot be "1e3"/],
    [["--fish", "10001"], /--fish cannot be "10001"/],
    [["--out", ""], /--out cannot be empty/],
    [["--out", "/forbidden"], /--out \/forbidden cannot be written: permission denied/],
    [["--speed", "3"], /tankd run has no option --speed/],
  ] as const)("%p", async (flags, said) => {
    const ran = await run({}, ...flags);
    expect(ran.err).toMatch(said);
    expect(ran.err.trimEnd()).not.toContain("\n");
    expect([ran.code, ran.out]).toEqual([2, ""]);
  });
});

function failing(): never {
  throw new Error("the machine went away");
}

function table(text = ""): readonly (readonly string[])[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));
}
