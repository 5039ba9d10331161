import { describe, expect, test } from "bun:test";
import type { Host } from "../../../src/cli/host.ts";
import { type Ran, runIn, systemError, type World } from "../fake-host.ts";

const SHORT = ["--seed", "3", "--ticks", "600"] as const;
const RING = [...SHORT, "--tanks", "3", "--migrate-every", "200", "--migrants", "2"] as const;
const ENDLESS = [...RING, "--ticks", "1000000", "--out", "o"] as const;

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

const TABLES = ["phylogeny-asexual.csv", "phylogeny.csv", "series.csv"] as const;

/** What a run writes, in the order in which files appear and go. */
class Recorded extends Map<string, string> {
  readonly steps: string[] = [];

  override set(path: string, text: string): this {
    if (!this.has(path)) this.steps.push(`+ ${path}`);
    return super.set(path, text);
  }

  override delete(path: string): boolean {
    if (this.has(path)) this.steps.push(`- ${path}`);
    return super.delete(path);
  }
}

describe("--out", () => {
  test("writes a time series, the phylogeny twice, and how to have it again", async () => {
    const written = new Map<string, string>();
    const { code, out } = await run({ written }, ...RING, "--out", "/results", "--json");
    expect(code).toBe(0);
    expect([...written.keys()].sort()).toEqual(
      [...TABLES.slice(0, 2), "run.json", "series.csv"].map((name) => `/results/${name}`),
    );
    const summary = JSON.parse(written.get("/results/run.json") ?? "");
    expect(summary).toMatchObject({ complete: true, result: JSON.parse(out) });
    const again = summary.command.split(" ").slice(1);
    const second = JSON.parse((await runIn({}, ...again, "--json")).out);
    expect(second.digest).toBe(summary.result.digest);
  });

  test("tells the parameters from the first moment, and the end last", async () => {
    const written = new Recorded();
    let begun: unknown;
    const onSignal: Host["onSignal"] = () => {
      queueMicrotask(() => {
        expect(written.has("o/run.json")).toBe(false);
        begun = JSON.parse(written.get("o/run.partial.json") ?? "");
      });
      return () => {};
    };
    await run({ written, onSignal }, ...RING, "--out", "o");
    const parameters = {
      seed: 3,
      ticks: 600,
      fish: 50,
      tanks: 3,
      topology: "ring",
      migrate_every: 200,
      migrants: 2,
    };
    expect(begun).toMatchObject({ complete: false, parameters, version: "1.2.3" });
    expect(begun).not.toHaveProperty("result");
    expect(JSON.parse(written.get("o/run.json") ?? "")).toMatchObject({
      complete: true,
      parameters,
    });
    expect(written.steps.at(0)).toBe("+ o/run.partial.json");
    expect(written.steps.slice(-2)).toEqual(["+ o/run.json", "- o/run.partial.json"]);
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

  test("has columns of whole numbers and of reals, which look so in each line", async () => {
    const written = new Map<string, string>();
    await run({ written }, ...RING, "--out", "o");
    const [names = [], ...rows] = table(written.get("o/series.csv"));
    const reals = names.filter((_, at) => {
      const kinds = new Set(rows.map((row) => /^\d+$/.test(row[at] ?? "")));
      expect([names[at], kinds.size]).toEqual([names[at], 1]);
      return kinds.has(false);
    });
    expect(reals).toEqual([
      "energy",
      "mean_age",
      "mean_generation",
      "diversity",
      "plant_energy",
      "brightness",
    ]);
  });

  test("has a phylogeny after the ALife data standard; who lives is destroyed at inf", async () => {
    const written = new Map<string, string>();
    const { out } = await run({ written }, ...RING, "--ticks", "2500", "--out", "o", "--json");
    const rows = phylogeny(written.get("o/phylogeny.csv"));
    const ids = new Set(rows.map(({ id }) => id));
    expect(ids.size).toBe(rows.length);
    const ancestors = rows.flatMap((row) => row.ancestors);
    expect(ancestors.length).toBeGreaterThan(100);
    expect(ancestors.every((ancestor) => ids.has(ancestor))).toBe(true);
    const living = rows.filter(({ destroyed }) => destroyed === "inf");
    expect(living).toHaveLength(JSON.parse(out).alive);
  });

  test("has the same phylogeny with the first parents only", async () => {
    const written = new Map<string, string>();
    await run({ written }, ...RING, "--ticks", "2500", "--out", "o");
    const both = phylogeny(written.get("o/phylogeny.csv"));
    const first = phylogeny(written.get("o/phylogeny-asexual.csv"));
    expect(both.some(({ ancestors }) => ancestors.length === 2)).toBe(true);
    expect(first).toEqual(both.map((row) => ({ ...row, ancestors: row.ancestors.slice(0, 1) })));
  });

  test.each([...TABLES, "run.json", "run.partial.json"])(
    "is refused where a %s is, and left as it was",
    async (name) => {
      const before = [
        [`o/${name}`, "old"],
        ["o/notes.txt", "mine"],
      ] as const;
      const written = new Map<string, string>(before);
      const { code, out, err } = await run({ written }, ...SHORT, "--out", "o");
      expect([code, out]).toEqual([2, ""]);
      expect(err).toBe(
        `tankd: --out o contains the ${name} of a run: give another directory, or --force\n`,
      );
      expect([...written]).toEqual([...before].map((file) => [...file]));
    },
  );

  test("with --force takes the place of an earlier run, and of nothing else", async () => {
    const names = [...TABLES, "run.json", "run.partial.json", "notes.txt"];
    const written = new Recorded();
    for (const name of names) written.set(`o/${name}`, "old");
    written.steps.length = 0;
    const { code } = await run({ written }, ...SHORT, "--out", "o", "--force");
    expect(code).toBe(0);
    expect(written.steps[0]).toBe("- o/run.json");
    expect(written.get("o/notes.txt")).toBe("old");
    const ours = [...written].filter(([path]) => path !== "o/notes.txt");
    expect(ours.map(([path]) => path).sort()).toEqual(
      [...TABLES, "run.json"].map((name) => `o/${name}`).sort(),
    );
    expect(ours.every(([, text]) => text !== "old")).toBe(true);
  });

  test("that is full ends the run with 1 and the reason; the summary stays partial", async () => {
    const written = new Filling(20_000);
    const { code, out, err } = await run({ written }, ...RING, "--ticks", "3000", "--out", "o");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toBe("tankd: --out o cannot be written: the disk is full (ENOSPC)\n");
    expect(JSON.parse(written.get("o/run.partial.json") ?? "")).toMatchObject({ complete: false });
    expect(written.has("o/run.json")).toBe(false);
  });

  test("that cannot be written has failed, as any file that cannot be", async () => {
    const { code, out, err } = await run({}, ...SHORT, "--out", "/forbidden");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toBe("tankd: --out /forbidden cannot be written: access is denied (EACCES)\n");
  });
});

describe("a signal", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends with %p, the results so far, and files that tell", async (signal, exit) => {
    const written = new Map<string, string>();
    const onSignal = signalling((listener) => listener(signal));
    const { code, out, err } = await run({ written, onSignal }, ...ENDLESS, "--json");
    expect(code).toBe(exit);
    const { ticks, digest, alive } = JSON.parse(out);
    expect(err).toBe(`tankd: stopped at tick ${ticks} of 1000000\n`);
    expect(written.has("o/run.json")).toBe(false);
    const summary = JSON.parse(written.get("o/run.partial.json") ?? "");
    expect(summary).toMatchObject({
      complete: false,
      parameters: { ticks: 1_000_000 },
      result: { ticks, digest },
    });
    const lives = phylogeny(written.get("o/phylogeny.csv"));
    expect(lives.filter(({ destroyed }) => destroyed === "inf")).toHaveLength(alive);
    expect(table(written.get("o/series.csv")).at(-1)?.[0]).toBe(String(ticks));
    const again = summary.command.split(" ").slice(1);
    expect(JSON.parse((await runIn({}, ...again, "--json")).out).digest).toBe(digest);
  });

  test("that comes again at once, as from `timeout`, is the same one", async () => {
    const written = new Map<string, string>();
    const onSignal = signalling((listener) => {
      for (const signal of ["SIGTERM", "SIGTERM", "SIGINT"] as const) listener(signal);
    });
    const { code, out } = await run({ written, onSignal }, ...ENDLESS, "--json");
    expect(code).toBe(143);
    expect(JSON.parse(out).ticks).toBeLessThan(1_000_000);
  });

  test("that comes again later ends it at once, without results", async () => {
    const written = new Map<string, string>();
    let nowMs = 0;
    const exits: number[] = [];
    const onSignal = signalling((listener) => {
      listener("SIGINT");
      nowMs += 2000;
      expect(() => listener("SIGTERM")).toThrow("the process has ended");
    });
    const exit = (code: number): never => {
      exits.push(code);
      throw new Error("the process has ended");
    };
    const clock = { wallMs: () => 0, monotonicMs: () => nowMs };
    await run({ written, onSignal, exit, clock }, ...ENDLESS);
    expect(exits).toEqual([130]);
  });

  test("after the last tick changes nothing", async () => {
    const written = new Map<string, string>();
    const onSignal = signalling((listener) => listener("SIGTERM"));
    const flags = ["--seed", "3", "--ticks", "0", "--out", "o"];
    expect((await run({ written, onSignal }, ...flags)).code).toBe(0);
    expect(JSON.parse(written.get("o/run.json") ?? "")).toMatchObject({ complete: true });
  });
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
    [["--speed", "3"], /tankd run has no option --speed/],
  ] as const)("%p", async (flags, said) => {
    const ran = await run({}, ...flags);
    expect(ran.err).toMatch(said);
    expect(ran.err.trimEnd()).not.toContain("\n");
    expect([ran.code, ran.out]).toEqual([2, ""]);
  });
});

/** A world in which signals come as soon as somebody listens. */
function signalling(send: (listener: Parameters<Host["onSignal"]>[0]) => void): Host["onSignal"] {
  return (listener) => {
    queueMicrotask(() => send(listener));
    return () => {};
  };
}

/** A disk with room for so many characters. */
class Filling extends Map<string, string> {
  readonly #room: number;

  constructor(room: number) {
    super();
    this.#room = room;
  }

  override set(path: string, text: string): this {
    const others = [...this].filter(([other]) => other !== path);
    const used = others.reduce((sum, [, content]) => sum + content.length, 0);
    if (used + text.length > this.#room) throw systemError("ENOSPC");
    return super.set(path, text);
  }
}

const LIFE = /^(\d+),"\[(none|\d+|\d+,\d+)\]",(\d+),(inf|\d+\.0),\d,\d,[a-z_]+,\d+,\d+,\d+$/;

/** The rows of a phylogeny, each of which must have the form of one. */
function phylogeny(text = "") {
  const [header = "", ...lines] = text.trimEnd().split("\n");
  expect(header).toStartWith("id,ancestor_list,origin_time,destruction_time,birth_tank,tank,");
  return lines.map((line) => {
    const [whole, id = "", list = "", , destroyed = ""] = LIFE.exec(line) ?? [];
    expect(whole).toBe(line);
    return { id, ancestors: list === "none" ? [] : list.split(","), destroyed };
  });
}

function table(text = ""): readonly (readonly string[])[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));
}
