/**
 * Disks that write to another place than they are told, or give back an old version: every sum of
 * what is read is right. Pages of the database, snapshots and watermarks, under the program.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Prng } from "../../src/platform/simulated/prng.ts";
import { faultsSeed } from "./kill/lanes.ts";
import { type Outcome, Template, Wreck } from "./wreck.ts";

const TIMEOUT_MS = 120_000;
const ALL = [0, 1, 2];
/** Pages of the database that are replaced, each before a start of its own. */
const PAGES = 16;
const SLOT_BYTES = 128;
/** The watermark file has two sides, each with every slot. */
const SIDE_BYTES = 256 * SLOT_BYTES;

let template: Template;
beforeAll(async () => {
  template = await Template.make("--past-per-tank", "0");
}, TIMEOUT_MS);
afterAll(() => template?.[Symbol.dispose]());

type Damage = (wreck: Wreck, random: Prng) => void;

/**
 * Each tank is as it was, or stops with a reason, or nothing starts; and of tanks that do not run
 * every snapshot is still there.
 */
async function outcomeOf(damage: Damage, random = new Prng(1, "stray")): Promise<Outcome> {
  using wreck = new Wreck(template);
  damage(wreck, random);
  const before = ALL.map((number) => wreck.snapshots(number));
  const outcome = await wreck.outcome({ mayOpen: true });
  const stopped = Object.keys(outcome.stopped).map(Number);
  if (outcome.refusal === undefined) expect([...outcome.whole, ...stopped].sort()).toEqual(ALL);
  for (const number of outcome.refusal === undefined ? stopped : ALL) {
    expect(wreck.snapshots(number)).toEqual(before[number] ?? []);
  }
  return outcome;
}

describe("pages of the database", () => {
  const pageBytes = (wreck: Wreck) => wreck.read("tankd.db").readUInt16BE(16);

  /** Of another page, or of the same one some commands before. */
  function replacePage(wreck: Wreck, random: Prng, isStale: boolean): void {
    wreck.sql();
    const bytes = pageBytes(wreck);
    const sound = wreck.read("tankd.db");
    const source = isStale ? wreck.earlier("tankd.db") : sound;
    const pageOf = (file: Buffer, page: number) => file.subarray(page * bytes, (page + 1) * bytes);
    const pages = Array.from({ length: source.length / bytes - 1 }, (_, index) => index + 1);
    const changed = pages.filter(
      (page) => !isStale || !pageOf(source, page).equals(pageOf(sound, page)),
    );
    const to = random.pick(changed);
    const from = isStale ? to : random.pick(pages.filter((page) => page !== to));
    wreck.patch("tankd.db", to * bytes, pageOf(source, from));
  }

  test.each([
    ["an old version of one", true],
    ["one in the place of another", false],
  ])(
    "%s: what it was of is refused, stopped, or whole",
    async (_, isStale) => {
      const random = new Prng(faultsSeed(), `pages ${isStale}`);
      const seen = { refused: 0, stopped: 0, whole: 0 };
      for (let round = 0; round < PAGES; round++) {
        const damage: Damage = (wreck) => replacePage(wreck, random, isStale);
        const { refusal, stopped } = await outcomeOf(damage);
        if (refusal !== undefined) seen.refused++;
        else if (Object.keys(stopped).length > 0) seen.stopped++;
        else seen.whole++;
      }
      process.stderr.write(`pages: ${JSON.stringify(seen)}\n`);
      expect(seen.refused).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  test(
    "the whole file as it was: lost commits, every tank of which stops",
    async () => {
      const { stopped, warnings } = await outcomeOf((wreck) => {
        wreck.sql();
        wreck.write("tankd.db", wreck.earlier("tankd.db"));
      });
      expect(Object.keys(stopped)).toHaveLength(ALL.length);
      expect(warnings.join("\n")).toMatch(/has lost its last \d+ commits/);
    },
    TIMEOUT_MS,
  );
});

describe("snapshots", () => {
  const newest = (wreck: Wreck, tank: number) => wreck.snapshots(tank)[0] ?? "";
  const before = (wreck: Wreck, tank: number) => wreck.snapshots(tank)[1] ?? "";
  const recovered: Readonly<Record<string, Damage>> = {
    "the newest is an old version": (wreck) => wreck.copy(before(wreck, 0), newest(wreck, 0)),
    "the newest is that of another tank": (wreck) => wreck.copy(newest(wreck, 1), newest(wreck, 0)),
    "the one before is that of another tank": (wreck) =>
      wreck.copy(newest(wreck, 1), before(wreck, 0)),
  };
  for (const [name, damage] of Object.entries(recovered)) {
    test(
      `${name}: it comes back as it was`,
      async () => {
        const { stopped, whole } = await outcomeOf(damage);
        expect([stopped, whole]).toEqual([{}, ALL]);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "the newest has gone to the place of the one before: that tank stops",
    async () => {
      const { stopped, whole } = await outcomeOf((wreck) => {
        const [first, second] = [newest(wreck, 0), before(wreck, 0)];
        wreck.copy(first, second);
        wreck.remove(first);
      });
      expect(whole).toEqual([1, 2]);
      expect(stopped[0]).toMatch(/no snapshot of it can be read.*restore the data directory/);
    },
    TIMEOUT_MS,
  );
});

describe("watermarks", () => {
  const NAME = "tankd.watermarks";
  const slot = (wreck: Wreck, number: number, side: number) => {
    const at = side * SIDE_BYTES + number * SLOT_BYTES;
    return wreck.read(NAME).subarray(at, at + SLOT_BYTES);
  };
  /** The slot of a tank to the place of another; the first slot is the journal's. */
  const stray = (from: number, to: number, sides: readonly number[]): Damage => {
    return (wreck) => {
      for (const side of sides) {
        wreck.patch(NAME, side * SIDE_BYTES + to * SLOT_BYTES, slot(wreck, from, side));
      }
    };
  };
  const damages: Readonly<Record<string, Damage>> = {
    "an old version": (wreck) => wreck.write(NAME, wreck.earlier(NAME)),
    "an old version of one side": (wreck) =>
      wreck.patch(NAME, 0, wreck.earlier(NAME).subarray(0, SIDE_BYTES)),
    "one side in the place of the other": (wreck) =>
      wreck.patch(NAME, SIDE_BYTES, wreck.read(NAME).subarray(0, SIDE_BYTES)),
    "a slot in the place of another, on one side": stray(1, 2, [0]),
    "a slot in the place of another, on the other side": stray(1, 2, [1]),
    "a slot in the place of another, on both": stray(2, 1, [0, 1]),
    "a slot in the place of the journal's, on one side": stray(1, 0, [0]),
    "a slot in the place of the journal's, on the other side": stray(1, 0, [1]),
    "the journal's in the place of another": stray(0, 1, [0]),
  };
  for (const [name, damage] of Object.entries(damages)) {
    test(
      `${name}: no false alarm`,
      async () => {
        const { stopped, whole, warnings } = await outcomeOf(damage);
        expect([stopped, whole]).toEqual([{}, ALL]);
        expect(warnings.join()).not.toContain("has lost");
      },
      TIMEOUT_MS,
    );
  }

  test(
    "with them a log that lost its end is still noticed",
    async () => {
      for (const sides of [[0], [1]]) {
        const { stopped } = await outcomeOf((wreck) => {
          stray(2, 1, sides)(wreck, new Prng(1, ""));
          const tank = wreck.tank(1);
          wreck.sql(
            `DELETE FROM log WHERE tank_id = '${tank}' AND seq = ` +
              `(SELECT MAX(seq) FROM log WHERE tank_id = '${tank}')`,
          );
        });
        expect(stopped[1]).toMatch(/lost entr/);
      }
    },
    TIMEOUT_MS,
  );
});
