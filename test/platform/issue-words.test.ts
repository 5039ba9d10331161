import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { describeFirst } from "../../src/platform/issue-words.ts";

const schema = z.strictObject({
  name: z.string().min(1).max(3).optional(),
  long: z.string().min(5).optional(),
  count: z.int().min(0).max(9).optional(),
  share: z.number().gt(0).lt(1).optional(),
  side: z.enum(["left", "right"]).optional(),
  one: z.literal("a").optional(),
  tags: z.array(z.string()).min(1).max(1).optional(),
  form: z.string().regex(/^x+$/).optional(),
  either: z.union([z.string(), z.number()]).optional(),
  on: z.boolean().optional(),
  deep: z.object({ id: z.string() }).optional(),
});

describe("what is wrong, in plain words", () => {
  test.each([
    [{ name: "" }, "name: must not be empty"],
    [{ name: "abcd" }, "name: must have at most 3 characters"],
    [{ name: 5 }, "name: must be text"],
    [{ long: "abc" }, "long: must have at least 5 characters"],
    [{ count: -1 }, "count: must be at least 0"],
    [{ count: 10 }, "count: must be at most 9"],
    [{ count: 1.5 }, "count: must be a whole number"],
    [{ count: "1" }, "count: must be a number"],
    [{ share: 0 }, "share: must be more than 0"],
    [{ share: 1 }, "share: must be less than 1"],
    [{ side: "top" }, "side: must be one of left, right"],
    [{ one: "b" }, "one: must be a"],
    [{ tags: [] }, "tags: must not be empty"],
    [{ tags: ["a", "b"] }, "tags: must have at most 1 item"],
    [{ tags: "a" }, "tags: must be a list"],
    [{ form: "y" }, "form: does not have the right form"],
    [{ either: null }, "either: has a value that is not possible here"],
    [{ on: "yes" }, "on: must be true or false"],
    [{ deep: {} }, "deep.id: is missing"],
    [{ deep: [] }, "deep: must be an object"],
    [{ nmae: 1 }, "has unknown fields: nmae"],
    [5, "must be an object"],
    [undefined, "is missing"],
  ])("%j", (value, said) => {
    const { error } = schema.safeParse(value);
    expect(error && describeFirst(error)).toBe(said);
  });
});

const SOURCES = new Bun.Glob("src/**/*.ts").scanSync({ cwd: `${import.meta.dir}/../..` });

test("no source throws zod's error, which is JSON, or cites a route in a message", async () => {
  const found: string[] = [];
  for (const path of SOURCES) {
    const text = await Bun.file(`${import.meta.dir}/../../${path}`).text();
    if (/[sS]chema(\(\))?\s*\.parse\(/.test(text)) found.push(`${path}: .parse(`);
    for (const [, message = ""] of text.matchAll(/new Problem\(([^;]*?)\);/gs)) {
      if (/\b(GET|POST|DELETE) \/|[^\w]\/(api|gateway|discovery)\//.test(message)) {
        found.push(`${path}: ${message}`);
      }
    }
  }
  expect(found.filter((one) => !one.startsWith("src/api/app.ts: "))).toEqual([]);
});
