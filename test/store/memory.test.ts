import { expect, test } from "bun:test";
import { StorageUnavailable } from "../../src/store/journal.ts";
import { MemoryStore } from "../../src/store/memory/store.ts";

test("a faulty storage takes no writes, still reads, and heals", async () => {
  const store = new MemoryStore();
  const { journal, registry } = store;
  await journal.commit([{ put: "meta", key: "k", value: "before" }]);
  store.setFault("the disk is full");
  const commit = journal.commit([{ put: "meta", key: "k", value: "after" }]);
  await expect(commit).rejects.toBeInstanceOf(StorageUnavailable);
  await expect(registry.put("n1", "x")).rejects.toBeInstanceOf(StorageUnavailable);
  expect(await journal.meta("k")).toBe("before");
  store.setFault(undefined);
  await journal.commit([{ put: "meta", key: "k", value: "after" }]);
  expect(await journal.meta("k")).toBe("after");
});
