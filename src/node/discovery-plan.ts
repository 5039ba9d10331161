import { formatHostPort } from "../discovery/addresses.ts";
import type { Address } from "../discovery/backend.ts";
import { hasScheme, parseHubUrls } from "../discovery/hub/url.ts";
import type { Settings } from "./settings/table.ts";

/** The requested backends, and the hubs that were given by URL. */
export interface DiscoveryPlan {
  /** Names of backends, `auto` or `none`, as `createBackends` expects them. */
  readonly words: readonly string[];
  readonly hubs: readonly Address[];
}

type PlannedBy = Pick<Settings, "discovery" | "hub" | "static" | "dns">;

/** What the settings `discovery` and `hub` mean together: a URL among the backends is a hub. */
export function planDiscovery(settings: PlannedBy): DiscoveryPlan {
  return {
    words: settings.discovery.filter((word) => !hasScheme(word)),
    hubs: parseHubUrls([...new Set(urlsOf(settings))]),
  };
}

/** Backends that were chosen by name, and that have nobody to ask: each with what to give. */
export function lackingEndpoints(settings: PlannedBy): readonly Lack[] {
  const counts = { hub: urlsOf(settings), static: settings.static, dns: settings.dns };
  return LACKS.filter(({ key }) => settings.discovery.includes(key) && counts[key].length === 0);
}

interface Lack {
  readonly backend: "hub" | "static" | "dns";
  readonly key: Lack["backend"];
  readonly reason: string;
}

const LACKS: readonly Lack[] = [
  lack("hub", "the URL of one: give --hub URL."),
  lack("static", "addresses: give --static ADDRESS."),
  lack("dns", "a name: give --dns NAME."),
];

function lack(backend: Lack["backend"], needs: string): Lack {
  return { backend, key: backend, reason: `discovery by ${backend} needs ${needs}` };
}

function urlsOf(settings: PlannedBy): readonly string[] {
  return [...settings.discovery.filter(hasScheme), ...settings.hub];
}

/** The plan with the hub that was joined while the node ran, behind those that are given now. */
export function withHub(plan: DiscoveryPlan, hub: Address | undefined): DiscoveryPlan {
  if (hub === undefined) return plan;
  const isGiven = plan.hubs.some((given) => formatHostPort(given) === formatHostPort(hub));
  return isGiven ? plan : { ...plan, hubs: [...plan.hubs, hub] };
}
