import { formatHostPort } from "../discovery/addresses.ts";
import type { Address } from "../discovery/backend.ts";
import { parseHubUrls } from "../discovery/hub/url.ts";
import { Problem } from "../platform/errors.ts";
import type { Settings } from "./settings.ts";

/** The requested backends, and the hubs that were given by URL. */
export interface DiscoveryPlan {
  /** Names of backends, `auto` or `none`, as `createBackends` expects them. */
  readonly words: readonly string[];
  readonly hubs: readonly Address[];
}

/**
 * Combines the settings `discovery` and `hub`: a URL among the backends is a hub, too.
 * @throws Problem `bad_setting`
 */
export function planDiscovery(
  settings: Pick<Settings, "discovery" | "hub" | "static" | "dns">,
): DiscoveryPlan {
  const isUrl = (word: string) => word.includes("://");
  const urls = [...settings.discovery.filter(isUrl), ...settings.hub];
  if (settings.discovery.includes("hub") && urls.length === 0) {
    throw new Problem("bad_setting", "discovery by hub needs the URL of one: give --hub URL.");
  }
  if (settings.discovery.includes("static") && settings.static.length === 0) {
    throw new Problem("bad_setting", "discovery by static needs addresses: give --static ADDRESS.");
  }
  if (settings.discovery.includes("dns") && settings.dns.length === 0) {
    throw new Problem("bad_setting", "discovery by dns needs a name: give --dns NAME.");
  }
  return {
    words: settings.discovery.filter((word) => !isUrl(word)),
    hubs: parseHubUrls([...new Set(urls)]),
  };
}

/** Appends the hub that was joined during an earlier run to those that are given now. */
export function withHub(plan: DiscoveryPlan, hub: Address | undefined): DiscoveryPlan {
  if (hub === undefined) return plan;
  const isGiven = plan.hubs.some((given) => formatHostPort(given) === formatHostPort(hub));
  return isGiven ? plan : { ...plan, hubs: [...plan.hubs, hub] };
}
