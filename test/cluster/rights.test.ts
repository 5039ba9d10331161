import { expect, test } from "bun:test";
import { hasRights, whyWithoutRights } from "../../src/cluster/rights.ts";

test.each([
  [{ signed: true, member: true }, true],
  [{ signed: true }, true],
  [{ signed: true, member: false }, false],
  [{ signed: false, member: false }, false],
  [{ signed: false }, false],
])("a server with %j has rights: %p", (server, expected) => {
  expect(hasRights(server)).toBe(expected);
});

test("the reason in a word", () => {
  expect(whyWithoutRights({ signed: false })).toBe("unsigned");
  expect(whyWithoutRights({ signed: true })).toBe("stranger");
});
