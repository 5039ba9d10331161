import { resolveSettings } from "../../../src/node/settings/resolve.ts";
import type { Settings } from "../../../src/node/settings/table.ts";

/** The settings of a node that was told nothing. */
export function defaultSettings(): Settings {
  return resolveSettings({ flags: {}, environment: {}, files: [], readSecret: () => "" }).values;
}
