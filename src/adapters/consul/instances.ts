import { z } from "zod";
import type { Address, Nomination } from "../../discovery/backend.ts";
import { readAddresses, readHints } from "../../discovery/hints.ts";
import { readHostAndPort } from "../../discovery/host-and-port.ts";
import { isIpLiteral } from "../../platform/ip-literal.ts";
import { LIMITS } from "../../platform/limits.ts";
import { once } from "../../platform/once.ts";
import type { ConsulAgent, Indexed } from "./agent.ts";
import { SERVICE } from "./service.ts";

/** One node in Consul's list. */
export interface Instance {
  /** Unique among instances. */
  readonly key: string;
  readonly nomination: Nomination;
}

export interface Instances {
  readonly instances: readonly Instance[];
  /** Entries beyond this number are ignored. */
  readonly dropped: number;
  /** The token may not read all instances: Consul omits them without an error. */
  readonly isFiltered: boolean;
}

/** As in the answer; additional fields of other versions are ignored. */
const entrySchema = once(() =>
  z.object({
    Node: z.object({ Node: z.string(), Address: z.string().catch("") }),
    Service: z.object({
      ID: z.string(),
      Address: z.string().catch(""),
      Port: z.number().catch(0),
      Meta: z.record(z.string(), z.string()).catch({}),
    }),
  }),
);

/**
 * The passing instances of every cluster, when they are newer than `index`
 * (developer.hashicorp.com/consul/api-docs/health, "List Service Instances for Service").
 */
export async function passingInstances(
  agent: ConsulAgent,
  index: bigint | undefined,
  signal: AbortSignal,
): Promise<Indexed<Instances>> {
  const path = `/v1/health/service/${SERVICE}?passing`;
  const { index: newest, value: reply } = await agent.query(path, { index, signal });
  if (!Array.isArray(reply.json)) throw agent.misread("list of services");
  const entries: readonly unknown[] = reply.json;
  const kept = entries.slice(0, LIMITS.peersMax);
  const value = {
    instances: kept.flatMap((entry) => readInstance(entry) ?? []),
    dropped: entries.length - kept.length,
    isFiltered: reply.headers["x-consul-results-filtered-by-acls"] === "true",
  };
  return { index: newest, value };
}

/** Undefined for anything that is not an instance, or has no address. */
function readInstance(entry: unknown): Instance | undefined {
  const read = entrySchema().safeParse(entry);
  if (!read.success) return undefined;
  const { Node: node, Service: service } = read.data;
  const hint = (key: string) => service.Meta[key];
  const named = readAddresses(hint);
  const addresses = named.length > 0 ? named : addressOf(service.Address || node.Address, service);
  if (addresses.length === 0) return undefined;
  // The machine of the instance, usually: agents run beside what they register.
  const source = isIpLiteral(node.Address) ? { source: node.Address } : {};
  const nomination = { backend: "consul", addresses, ...source, ...readHints(hint) };
  return { key: JSON.stringify([node.Node, service.ID]), nomination };
}

/** For an instance that another program has registered. */
function addressOf(text: string, service: { readonly Port: number }): readonly Address[] {
  const { host, port } = readHostAndPort(text) ?? {};
  const isPort = Number.isInteger(service.Port) && service.Port >= 1 && service.Port <= 65_535;
  return host === undefined || port !== undefined || !isPort ? [] : [{ host, port: service.Port }];
}
