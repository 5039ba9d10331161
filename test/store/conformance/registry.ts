import { expect, test } from "bun:test";
import type { Opened } from "./subject.ts";

export function registryIsKept(opened: Opened): void {
  test("the registry keeps the last record of each server", async () => {
    const { store, subject } = await opened();
    await store.registry.put("n2", "old");
    await store.registry.put("n2", "new");
    await store.registry.put("n1", "one");
    await store.registry.put("n3", "gone");
    await store.registry.remove("n3");
    const expected = [
      { node_id: "n1", record: "one" },
      { node_id: "n2", record: "new" },
    ];
    expect(await store.registry.load()).toEqual(expected);
    expect(await (await subject.reopen()).registry.load()).toEqual(expected);
  });
}
