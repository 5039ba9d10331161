import { describe, expect, test } from "bun:test";
import { programWord, shellWord, withTypedCommands } from "../../src/cli/invocation.ts";

describe("the word for this program", () => {
  const executable = "/opt/tankd/dist/tankd";
  const found = (names: Readonly<Record<string, string>>) => (name: string) => names[name];

  test.each([
    ["tankd", { tankd: executable }, "tankd"],
    ["dist/tankd", { tankd: executable }, "tankd"],
    ["dist/tankd", {}, "dist/tankd"],
    ["./tankd", { tankd: "/usr/bin/tankd" }, "./tankd"],
    ["td", { td: executable }, "td"],
    // A name that a caller made up, as by `exec -a`.
    ["tankd", {}, executable],
    ["my dir/tankd", {}, "'my dir/tankd'"],
  ])("called as %s, with %j on PATH, is %s", (typed, onPath, word) => {
    expect(programWord({ typed, executable, onPath: found(onPath) })).toBe(word);
  });
});

test.each([
  ["reef", "reef"],
  ["hub-1::reef", "hub-1::reef"],
  ["Anna's reef", "'Anna'\\''s reef'"],
  ["", "''"],
])("the word %p for a shell is %p", (word, quoted) => {
  expect(shellWord(word)).toBe(quoted);
});

describe("a command in a message", () => {
  const typed = (message: string, ...words: readonly string[]) =>
    withTypedCommands(message, "dist/tankd", words);

  test("is named as the program was called", () => {
    expect(typed("see: tankd logs")).toBe("see: dist/tankd logs");
    expect(typed("create one with: tankd tank create; or: sudo tankd start -d")).toBe(
      "create one with: dist/tankd tank create; or: sudo dist/tankd start -d",
    );
  });

  test("finds the same node", () => {
    const given = ["peers", "--data-dir", "my data", "--url=http://a:1", "--json"];
    expect(typed("see: tankd tank ls --all", ...given)).toBe(
      "see: dist/tankd tank ls --data-dir 'my data' --url http://a:1 --all",
    );
    // What works here alone refuses the address of another node.
    for (const [command, more] of [
      ["logs", "-f"],
      ["config", "--file"],
    ]) {
      expect(typed(`see: tankd ${command} ${more}`, ...given)).toBe(
        `see: dist/tankd ${command} --data-dir 'my data' ${more}`,
      );
    }
    expect(typed("see: tankd logs", "stop", "--data-dir")).toBe("see: dist/tankd logs");
  });

  test.each([
    "run tankd doctor on the other machine",
    "port 8000 is open there (sudo tankd doctor)",
    "what it does: tankd speaks on eth0",
    "tankd start has no option --x",
    "see: tankd-relay",
  ])("is left alone where it is not to be typed here: %s", (message) => {
    expect(typed(message, "--data-dir", "x")).toBe(message);
  });
});
