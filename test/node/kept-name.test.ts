import { expect, test } from "bun:test";
import { keptName } from "../../src/node/kept-name.ts";
import { MemoryJournal } from "../../src/store/memory/journal.ts";

test("a name that was given once stays until another one is given", async () => {
  const journal = new MemoryJournal();
  expect(await keptName(journal, undefined)).toBeUndefined();
  expect(await keptName(journal, "reef")).toBe("reef");
  expect(await keptName(journal, undefined)).toBe("reef");
  expect(await keptName(journal, "pond")).toBe("pond");
  expect(await keptName(journal, undefined)).toBe("pond");
});
