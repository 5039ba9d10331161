import { expect, test } from "bun:test";
import { callerIn } from "../../src/telemetry/caller.ts";

test.each<[string, string, "short" | "full", string | undefined]>([
  ["run", "at decide (/home/me/tankd/src/cluster/role.ts:12:7)", "short", "role.ts:12"],
  ["run", "at decide (/home/me/tankd/src/cluster/role.ts:12:7)", "full", "src/cluster/role.ts:12"],
  ["no name", "at /home/me/tankd/src/main.ts:3:1", "full", "src/main.ts:3"],
  ["compiled, source map", "at r (src/cluster/role.ts:12:7)", "full", "src/cluster/role.ts:12"],
  ["compiled, no source map", "at r (/$bunfs/root/tankd:2:72)", "short", undefined],
  [
    "Windows",
    "at decide (C:\\tankd\\src\\cluster\\role.ts:12:7)",
    "full",
    "src/cluster/role.ts:12",
  ],
  ["Windows, compiled", "at r (B:\\~BUN\\root\\tankd.exe:2:72)", "short", undefined],
  ["native", "at native", "short", undefined],
])("%s: %s", (_, frame, detail, expected) => {
  expect(callerIn(`Error\n    at own (own.ts:1:1)\n    ${frame}`, 1, detail)).toBe(expected);
});

test("no stack, no caller", () => {
  expect(callerIn(undefined, 0, "short")).toBeUndefined();
});
