import { formatHostPort } from "../../discovery/addresses.ts";
import type { Announcement } from "../../discovery/backend.ts";
import { hintsWithAddresses } from "../../discovery/hints.ts";
import type { ConsulAgent, PutOptions } from "./agent.ts";

/** The service name of all nodes, of every cluster. */
export const SERVICE = "tankd";
/**
 * A node that does not report for this long is no longer listed. Three reports fit into it, so one
 * that is lost or late does no harm.
 */
const TTL_S = 30;
export const REPORT_MS = (TTL_S * 1_000) / 3;
/**
 * After this time the agent removes the service. Long enough to see dead nodes in Consul's own
 * page; Consul accepts nothing below a minute.
 */
const DEREGISTER_AFTER = "5m";
/** A value of metadata in Consul. */
const META_VALUE_MAX = 512;

/** Whether an agent knows the service that reported. */
export type Report = "taken" | "unknown";

/** Unique on its agent: several nodes may use one. */
function serviceIdOf(nodeId: string): string {
  return `${SERVICE}-${nodeId}`;
}

/**
 * Registers this node, or changes its registration
 * (developer.hashicorp.com/consul/api-docs/agent/service, "Register Service").
 */
export async function register(agent: ConsulAgent, announcement: Announcement): Promise<void> {
  const { nodeId, cluster, role, addresses } = announcement;
  const [first] = addresses;
  const body = {
    ID: serviceIdOf(nodeId),
    Name: SERVICE,
    Tags: [`cluster-${cluster}`, role],
    ...(first === undefined ? {} : { Address: first.host, Port: first.port }),
    Meta: metaOf(announcement),
    Check: {
      Name: "the node reports",
      TTL: `${TTL_S}s`,
      Status: "passing",
      DeregisterCriticalServiceAfter: DEREGISTER_AFTER,
    },
  };
  await agent.put("/v1/agent/service/register", { body });
}

/** Reports that the node is alive. A restarted agent may not know it any more. */
export async function report(agent: ConsulAgent, nodeId: string): Promise<Report> {
  const path = `/v1/agent/check/pass/service:${serviceIdOf(nodeId)}`;
  // 404 since Consul 1.11; before, a 500, as for any other error.
  const { status } = await agent.put(path, { accept: [404, 500] });
  return status === 200 ? "taken" : "unknown";
}

/** Removes the registration; succeeds if there is none. */
export async function deregister(
  agent: ConsulAgent,
  nodeId: string,
  options: Pick<PutOptions, "timeoutMs"> = {},
): Promise<void> {
  const path = `/v1/agent/service/deregister/${serviceIdOf(nodeId)}`;
  await agent.put(path, { ...options, accept: [404, 500] });
}

/** The hints, with as many addresses as fit into a value. */
function metaOf(announcement: Announcement): Readonly<Record<string, string>> {
  const kept = [...announcement.addresses];
  while (kept.map(formatHostPort).join(",").length > META_VALUE_MAX) kept.pop();
  return hintsWithAddresses({ ...announcement, addresses: kept });
}
