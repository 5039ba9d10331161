/** Writes the references that are made from tables in the sources: `bun deploy/reference.ts`. */
import { settingsReference } from "../src/node/settings/reference.ts";

await Bun.write(new URL("../docs/settings.md", import.meta.url), settingsReference());
