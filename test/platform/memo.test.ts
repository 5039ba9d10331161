import { expect, test } from "bun:test";
import { memoizeLast } from "../../src/platform/memo.ts";

test("the same arguments are not computed twice in a row, others are", () => {
  const computed: unknown[] = [];
  const join = memoizeLast((list: readonly string[], by: string | undefined) => {
    computed.push(list);
    return [list.join(by)];
  });
  const list = ["a", "b"];
  const first = join(list, "-");
  expect(join(list, "-")).toBe(first);
  expect(join([...list], "-")).not.toBe(first);
  expect(join(list, undefined)).toEqual(["a,b"]);
  expect(computed).toHaveLength(3);
});
