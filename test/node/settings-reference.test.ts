import { expect, test } from "bun:test";
import { settingsReference } from "../../src/node/settings-reference.ts";

test("docs/settings.md says what the table says; bun deploy/reference.ts brings it up to date", async () => {
  const written = await Bun.file(new URL("../../docs/settings.md", import.meta.url)).text();
  expect(written).toBe(settingsReference());
});
