import { z } from "zod";
import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { PROBLEMS, Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { NetworkError } from "../../platform/network.ts";
import { sleep } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import type { Dialer } from "../handshake/dialer.ts";
import { type DialResult, failed } from "../handshake/meeting.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import { type Peer, rttMsOf } from "../peers/peer.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { problemCodeOf } from "../problem-code.ts";
import type { Registry } from "../registry/registry.ts";
import { type Entry, isListedMember } from "../registry/registry-entry.ts";
import { roleSchema, serverStatusSchema } from "../server-record.ts";
import { addressesSchema, nameSchema } from "../wire-names.ts";
import { DIAL_BACK_PATH, dialBackReplySchema } from "./dial-back.ts";

/** The result of connection tests with one other node, in both directions. */
const peerSchema = z.object({
  node_id: nameSchema,
  server_id: nameSchema,
  role: roleSchema,
  /** Its status in the list, independent of the test. */
  status: serverStatusSchema,
  version: z.string(),
  /** Addresses that it announces or has answered at, best first. */
  addresses: addressesSchema,
  /** Why it cannot be dialled; null if it answers. */
  failure: z.string().nullable(),
  /** The node through which it answers all the same; this one where it holds a tunnel here. */
  through: nameSchema.nullish(),
  rtt_ms: z.number().nullable(),
  /** Its wall clock minus this node's; null if unknown. */
  clock_offset_ms: z.number().nullable(),
  /** Whether it can dial each address that this node announces; null without an answer. */
  dial_back: dialBackReplySchema.shape.addresses.nullable(),
  /** Why it was not asked, or did not answer. */
  dial_back_failure: z.string().nullable(),
});
export type PeerCheckup = z.infer<typeof peerSchema>;

export const checkupSchema = z.object({
  /** The addresses that this node announces, best first. */
  addresses: addressesSchema,
  peers: z.array(peerSchema),
  /** Number of members that were not tested. */
  left_out: z.number().int(),
});
export type CheckupReport = z.infer<typeof checkupSchema>;

export interface CheckupDeps {
  readonly deps: Pick<ClusterDeps, "identity" | "timers">;
  readonly registry: Registry;
  readonly table: PeerTable;
  readonly client: PeerClient;
  readonly dialer: Dialer;
  readonly policy: () => DialPolicy;
  readonly addresses: () => readonly Address[];
  readonly isMember: (nodeId: string) => boolean;
  /** The hub, which is tested first. */
  readonly hub: () => string | undefined;
}

/** Members that are tested; larger clusters need other tools. */
const PEERS_MAX = 32;
/** Timeout of dialling and of asking, each: a command waits for both. */
const PATIENCE_MS = 6_000;

/** Tests the connections to all members and back. */
export class Checkup {
  readonly #with: CheckupDeps;
  #underWay: Promise<CheckupReport> | undefined;

  constructor(withDeps: CheckupDeps) {
    this.#with = withDeps;
  }

  /** Concurrent requests share one test. */
  run(): Promise<CheckupReport> {
    this.#underWay ??= this.#run().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #run(): Promise<CheckupReport> {
    const { registry, deps, isMember, hub, addresses } = this.#with;
    const first = hub();
    const members = registry
      .entries()
      .filter((one) => one.key !== deps.identity.nodeId && isListedMember(one, isMember))
      .toSorted((a, b) => Number(b.key === first) - Number(a.key === first));
    const chosen = members.slice(0, PEERS_MAX);
    return {
      addresses: addresses().map(({ host, port }) => ({ host, port })),
      peers: await Promise.all(chosen.map((entry) => this.#try(entry, entry.key === first))),
      left_out: members.length - chosen.length,
    };
  }

  async #try(entry: Entry, isHub: boolean): Promise<PeerCheckup> {
    const { table } = this.#with;
    const { key, record, status } = entry;
    const dialled = await this.#within(this.#dial(entry), failed("no answer in time", true));
    const isMet = dialled.kind === "met";
    const through = isMet ? undefined : await this.#relayTo(key);
    const peer = table.get(key);
    const asked = isMet
      ? await this.#within(this.#askBack(key), { failure: "no answer in time" })
      : { failure: null };
    return {
      node_id: key,
      server_id: record.server_id,
      role: isHub ? "hub" : "worker",
      status,
      version: record.version,
      addresses: ownAddresses(peer, entry),
      failure: isMet ? null : whyNotMet(dialled),
      through: through ?? null,
      rtt_ms: isMet ? (rttMsOf(peer) ?? null) : null,
      clock_offset_ms: isMet ? (peer?.key?.clockOffsetMs ?? null) : null,
      dial_back: "addresses" in asked ? asked.addresses : null,
      dial_back_failure: "failure" in asked ? asked.failure : null,
    };
  }

  #dial({ key, addresses }: Entry): Promise<DialResult> {
    const { table, dialer, policy } = this.#with;
    table.ensure(key);
    table.addAddresses(key, dialable(addresses, policy()), "hub");
    return dialer.dial(key);
  }

  /** The node through which one answers that cannot be dialled, by its label. */
  async #relayTo(nodeId: string): Promise<string | undefined> {
    const { dialer, registry } = this.#with;
    const relay = dialer.relayTo(nodeId);
    if (relay === undefined) return undefined;
    const reached = await this.#within(dialer.reach(nodeId), failed("no answer in time", true));
    return reached.kind === "met" ? (registry.get(relay)?.record.server_id ?? relay) : undefined;
  }

  async #askBack(nodeId: string) {
    const { client } = this.#with;
    try {
      const options = { timeoutMs: PATIENCE_MS };
      const answered = await client.send(nodeId, "POST", DIAL_BACK_PATH, {}, options);
      const reply = dialBackReplySchema.safeParse(answered.body).data;
      if (answered.status === 200 && reply) return reply;
      const code = problemCodeOf(answered);
      if (code === "not_found") return { failure: "its version cannot be asked" };
      return { failure: code === undefined ? "no valid answer" : PROBLEMS[code].title };
    } catch (error) {
      if (error instanceof NetworkError) return { failure: error.reason };
      if (error instanceof Problem) return { failure: error.message };
      throw error;
    }
  }

  async #within<T>(work: Promise<T>, late: T): Promise<T> {
    const over = new AbortController();
    const deadline = sleep(this.#with.deps.timers, PATIENCE_MS, over.signal).then(() => late);
    return Promise.race([work, deadline]).finally(() => over.abort());
  }
}

/** Without addresses that it has only sent from, which may be its router's. */
function ownAddresses(peer: Peer | undefined, { record }: Entry): Address[] {
  const worked = (peer?.addresses ?? []).filter(({ workedMs }) => workedMs !== undefined);
  const said = peer?.described?.document.addresses ?? [record];
  const places = [...worked, ...said].map(({ host, port }) => ({ host, port }));
  const distinct = new Map(places.map((one) => [formatHostPort(one), one]));
  return [...distinct.values()].slice(0, LIMITS.addressesPerServerMax);
}

function whyNotMet(result: Exclude<DialResult, { kind: "met" }>): string {
  switch (result.kind) {
    case "failed":
      return result.reason;
    case "foreign":
      return `it belongs to the cluster "${result.cluster}"`;
    case "self":
      return "this node itself answers there";
  }
}
