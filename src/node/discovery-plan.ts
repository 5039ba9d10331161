import type { Address } from "../discovery/backend.ts";
import { parseHubUrls } from "../discovery/hub/url.ts";
import { Problem } from "../platform/errors.ts";
import type { DISCOVERY_BACKENDS, Settings } from "./settings.ts";

/** Which backends run, and the hubs that were named by URL. */
export interface DiscoveryPlan {
  readonly backends: readonly (typeof DISCOVERY_BACKENDS)[number][];
  readonly hubs: readonly Address[];
}

/**
 * What the settings `discovery` and `hub` mean together. A hub that was named is always asked, also
 * under `none`: that only ends the search for others. A URL among the backends is a hub, too.
 * @throws Problem `bad_setting`
 */
export function planDiscovery(settings: Pick<Settings, "discovery" | "hub">): DiscoveryPlan {
  const words = settings.discovery;
  const urls = [...words.filter((word) => word.includes("://")), ...settings.hub];
  if (words.includes("hub") && urls.length === 0) {
    throw new Problem("bad_setting", "discovery by hub needs the URL of one: give --hub URL.");
  }
  const mdns = words.includes("auto") || words.includes("mdns");
  return {
    backends: [
      ...(mdns ? (["mdns"] as const) : []),
      ...(urls.length > 0 ? (["hub"] as const) : []),
    ],
    hubs: parseHubUrls([...new Set(urls)]),
  };
}
