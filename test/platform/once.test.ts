import { expect, test } from "bun:test";
import { once } from "../../src/platform/once.ts";

test("a value is made when it is first asked for, and only then", () => {
  let made = 0;
  const value = once(() => {
    made++;
    return undefined;
  });
  expect(made).toBe(0);
  expect([value(), value()]).toEqual([undefined, undefined]);
  expect(made).toBe(1);
});
