import { expect, test } from "bun:test";
import { z } from "zod";
import { readAnswer } from "../../../src/cli/output/answer.ts";

test("what comes from other machines is bounded as it was sent, and shown escaped", () => {
  const schema = z.object({ tags: z.array(z.string().max(4)) });
  const answer = readAnswer(schema, { tags: ["\u0001\u0001\u0001\u0001", "\u009b2J"] });
  expect(answer.tags).toEqual(["\\u0001\\u0001\\u0001\\u0001", "\\u009b2J"]);
});
