import { describe, expect, test } from "bun:test";
import { Boots } from "../../../src/cluster/clones/boots.ts";
import type { PositionStatement } from "../../../src/cluster/clones/position.ts";
import { MemoryJournal } from "../../../src/store/memory/journal.ts";
import { said } from "./support-statements.ts";

async function commits(journal: MemoryJournal, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await journal.commit([{ put: "meta", key: "k", value: String(index) }]);
  }
}

/** A node that runs on a copy of its journal from before its last words. */
async function setBack() {
  const journal = new MemoryJournal();
  await new Boots(journal, "one").begin();
  await commits(journal, 5);
  const backup = journal.copy();
  await commits(journal, 5);
  const word = said(journal.position, "one");
  const boots = new Boots(backup, "two");
  await boots.begin();
  return { boots, word, backup };
}

describe("a journal and its node's earlier words", () => {
  test("agree after restarts, however often", async () => {
    const journal = new MemoryJournal();
    const words: PositionStatement[] = [];
    for (let boot = 0; boot < 70; boot++) {
      const boots = new Boots(journal, `boot-${boot}`);
      await boots.begin();
      for (const statement of words) expect(boots.contradictionTo(statement)).toBeUndefined();
      words.push(said(journal.position, `boot-${boot}`));
      await commits(journal, boot % 3);
      words.push(said(journal.position, `boot-${boot}`));
      expect(boots.contradictionTo(said(journal.position, `boot-${boot}`))).toBeUndefined();
    }
  });

  test("disagree in one that was set back", async () => {
    const { boots, word } = await setBack();
    expect(boots.contradictionTo(word)).toContain("11 commits");
  });

  test("disagree in one that was set back and has done more since", async () => {
    const { boots, word, backup } = await setBack();
    await commits(backup, 50);
    expect(boots.contradictionTo(word)).toContain("another start");
    expect(boots.contradictionTo(said(6, "one"))).toBeUndefined();
  });
});
