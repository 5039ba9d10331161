import { expect, test } from "bun:test";
import { settingsReference } from "../../../src/node/settings/reference.ts";

test("docs/settings.md matches the table; bun deploy/reference.ts updates it", async () => {
  const written = await Bun.file(new URL("../../../docs/settings.md", import.meta.url)).text();
  expect(written).toBe(settingsReference());
});
