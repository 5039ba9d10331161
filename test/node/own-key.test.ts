import { expect, test } from "bun:test";
import { refuseForeignKey } from "../../src/node/own-key.ts";
import { StorageUnavailable } from "../../src/platform/errors.ts";
import { MemoryJournal } from "../../src/store/memory/journal.ts";

const KEY_PATH = "/data/key";

test("the first key is remembered; it may come again, and no other", async () => {
  const journal = new MemoryJournal();
  await refuseForeignKey("one", KEY_PATH, journal);
  const { position } = journal;
  await refuseForeignKey("one", KEY_PATH, journal);
  expect(journal.position).toBe(position);
  const refusal = await refuseForeignKey("other", KEY_PATH, journal).catch((error) => error);
  expect(refusal).toMatchObject({ code: "data_directory_unusable" });
  expect(refusal.message).toContain(`${KEY_PATH} is not the key of this directory's node (one)`);
  expect(refusal.message).toContain("--fork");
  // To have been refused once is not to own it.
  await refuseForeignKey("one", KEY_PATH, journal);
});

test("a node is not started on a key that could not be remembered", async () => {
  const journal = new MemoryJournal();
  journal.fault = "the disk is full";
  const refusal = await refuseForeignKey("one", KEY_PATH, journal).catch((error) => error);
  expect(refusal).toBeInstanceOf(StorageUnavailable);
});
