import { isLoopback } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { ClusterDeps } from "../deps.ts";
import type { PeerRequest } from "../peer-route.ts";
import { type DialPolicy, dialable, plainAddress } from "../peers/dial-policy.ts";
import { mergeAddresses } from "../peers/peer-client.ts";
import type { Heartbeat, Registration } from "../wire.ts";
import { declaredAddress, figuresOf, recordOf } from "./registration-record.ts";
import type { Registry } from "./registry.ts";
import { DEFAULT_INTERVAL_MS, type Entry, unsignedKey } from "./registry-entry.ts";

export interface RegistrarDeps {
  readonly deps: ClusterDeps;
  readonly registry: Registry;
  /** Find out whether a node is there, and whether it is the one that was named. */
  readonly dial: (nodeId: string, addresses: readonly Address[]) => void;
  /** Where a node has answered us; undefined when it has not. */
  readonly reachedAt: (nodeId: string) => Address | undefined;
  readonly policy: () => DialPolicy;
  readonly discoveredBy: (nodeId: string) => readonly string[];
  /** A start of a node speaks. @throws Problem `directory_copied` for the later of two. */
  readonly heard: (nodeId: string, bootId: string) => void;
}

/** Who asks, after all that can be known about it. */
type Asker =
  /** The node itself: its key has signed. */
  | { readonly kind: "node"; readonly nodeId: string }
  /** The operator of this node. */
  | { readonly kind: "operator" }
  /** Anybody; `from` is where the request came from, also through a node that passed it on. */
  | { readonly kind: "stranger"; readonly from: string };

/**
 * Keeps the list of servers as a hub: who may register what, in both families of discovery endpoints.
 * A node speaks for itself alone; the operator for whom he likes; a server without a key only for
 * what it has registered from the same address, and never for a name that a node has.
 */
export class Registrar {
  readonly #with: RegistrarDeps;

  constructor(withDeps: RegistrarDeps) {
    this.#with = withDeps;
  }

  /**
   * Lists a server. `defaultIntervalMs` judges one that declares no interval.
   * @throws Problem `conflict`, `bad_signature`, `invalid` or `too_many`.
   */
  register(
    body: Registration,
    request: PeerRequest,
    defaultIntervalMs = DEFAULT_INTERVAL_MS,
  ): Entry {
    const asker = askerOf(body, request);
    this.#refuseCopy(asker, body);
    const intervalMs = (body.heartbeat_interval ?? defaultIntervalMs / 1000) * 1000;
    if (body.node_id === this.#with.deps.identity.nodeId) {
      throw new Problem("invalid", "That is this very node; register another one's record here.");
    }
    switch (asker.kind) {
      case "node":
        return this.#list(body, {
          key: asker.nodeId,
          nodeId: asker.nodeId,
          intervalMs,
          signed: true,
          addresses: this.#dialable(body, request.remoteAddress),
          owner: undefined,
        });
      case "operator":
        return this.#registerByHand(body, intervalMs);
      case "stranger":
        return this.#registerStranger(body, asker.from, intervalMs);
    }
  }

  /** @throws Problem `unknown_server`, or `not_trusted` where a stranger speaks for a node. */
  beat(serverId: string, body: Heartbeat, request: PeerRequest): Entry {
    const { registry } = this.#with;
    const asker = askerOf(body, request);
    this.#refuseCopy(asker, body);
    const entry = this.#entryFor(serverId, asker);
    if (asker.kind === "stranger" && entry.record.signed) {
      if (request.signer === undefined) {
        throw new Problem("not_trusted", "A node signs its heartbeats; this one is not signed.");
      }
      // Passed on by another node for one that cannot reach us: it is alive, no more is believed.
      registry.see(entry.key);
      return entry;
    }
    return registry.beat(entry.key, figuresOf(body)) ?? entry;
  }

  /** @throws Problem `unknown_server`, or `not_trusted` for somebody else's entry. */
  unregister(serverId: string, request: PeerRequest): void {
    const asker = askerOf({ forwarded_for: request.query["forwarded_for"] }, request);
    const entry = this.#entryFor(serverId, asker);
    if (asker.kind === "stranger" && entry.record.signed) {
      throw new Problem("not_trusted", "A node takes only itself off the list.");
    }
    // The later of two with one key takes its own leave, not the other's.
    const bootId = request.query["boot_id"];
    if (bootId !== undefined && entry.bootId !== "" && bootId !== entry.bootId) return;
    this.#with.registry.remove(entry.key);
  }

  #refuseCopy(asker: Asker, { boot_id }: { readonly boot_id?: string | undefined }): void {
    if (asker.kind === "node" && boot_id !== undefined) this.#with.heard(asker.nodeId, boot_id);
  }

  #entryFor(serverId: string, asker: Asker): Entry {
    const { registry } = this.#with;
    const entry = asker.kind === "node" ? registry.get(asker.nodeId) : registry.find(serverId);
    const foreign =
      asker.kind === "stranger" && !entry?.record.signed && entry?.owner !== asker.from;
    if (!entry || foreign) {
      throw new Problem("unknown_server", `No server "${serverId}" is registered; register first.`);
    }
    return entry;
  }

  #registerByHand(body: Registration, intervalMs: number): Entry {
    const { registry } = this.#with;
    const addresses = mergeAddresses(declaredAddress(body), body.addresses ?? []);
    const nodeId = body.node_id ?? null;
    const known = registry.get(nodeId ?? unsignedKey(body.server_id));
    if (nodeId !== null && known?.record.signed) {
      this.#with.dial(nodeId, addresses);
      return known;
    }
    return this.#list(body, {
      key: nodeId ?? unsignedKey(body.server_id),
      nodeId,
      intervalMs,
      signed: false,
      addresses,
      owner: body.host,
    });
  }

  #registerStranger(body: Registration, from: string, intervalMs: number): Entry {
    const { registry } = this.#with;
    const key = unsignedKey(body.server_id);
    const known = registry.get(key);
    const namesake = registry.find(body.server_id);
    if (namesake && namesake.key !== key && namesake.record.signed) {
      throw new Problem("conflict", `A node has the name "${body.server_id}"; choose another.`);
    }
    if (known && known.owner !== from && known.status !== "offline") {
      throw new Problem("conflict", `"${body.server_id}" is registered from another address.`);
    }
    if (!known) this.#admit(from);
    return this.#list(body, {
      key,
      nodeId: null,
      intervalMs,
      signed: false,
      addresses: [{ host: this.#hostOfStranger(body, from), port: body.port ?? 80 }],
      owner: from,
    });
  }

  #admit(from: string): void {
    const owned = this.#with.registry.entries().filter(({ owner }) => owner === from).length;
    if (owned < LIMITS.serversPerAddressMax) return;
    throw new Problem("too_many", `The address ${from} has ${owned} servers on the list already.`);
  }

  /** Its own word only where it agrees with where it speaks from. */
  #hostOfStranger(body: Registration, from: string): string {
    const own = this.#with.deps.machine.addresses().map(({ address }) => address);
    const sameMachine = isLoopback(from) || own.includes(from);
    const declared = body.host;
    if (declared !== undefined && sameMachine && own.includes(declared)) return declared;
    return from;
  }

  #list(
    body: Registration,
    known: Pick<Entry, "key" | "intervalMs" | "addresses" | "owner"> & {
      readonly nodeId: string | null;
      readonly signed: boolean;
    },
  ): Entry {
    const [address] = known.addresses;
    if (!address) throw new Problem("invalid", "The record names no host and port to dial.");
    const before = this.#with.registry.get(known.key);
    // Shown where it has answered us; where it has not yet, at its own word for now.
    const reached = this.#reachedAmong(known.nodeId, known.addresses);
    if (known.nodeId !== null && !reached) this.#with.dial(known.nodeId, known.addresses);
    const entry = this.#with.registry.put({
      key: known.key,
      label: body.server_id,
      addresses: known.addresses,
      owner: known.owner,
      intervalMs: known.intervalMs,
      tanks: body.tanks ?? [],
      priority: body.standing?.priority ?? 0,
      mayClaim: known.signed && (body.standing?.may_claim ?? false),
      bootId: body.boot_id ?? "",
      record: {
        ...recordOf(body, reached ?? address, known.nodeId, known.signed),
        rtt_ms: before?.record.rtt_ms ?? null,
        reachable: reached !== undefined,
        discovered_by: [...this.#with.discoveredBy(known.key)],
      },
    });
    if (!entry) throw new Problem("too_many", "The registry is full of servers that are online.");
    return entry;
  }

  /** Where a node that has signed may be dialled: what it declares, and where it speaks from. */
  #dialable(body: Registration, remoteAddress: string): readonly Address[] {
    const remote = plainAddress(remoteAddress);
    const declared = body.addresses ?? declaredAddress(body);
    const port = body.port ?? declared[0]?.port;
    const asSeen = port === undefined ? [] : [{ host: remote, port }];
    return dialable(mergeAddresses(declared, asSeen), this.#with.policy(), remote);
  }

  #reachedAmong(nodeId: string | null, addresses: readonly Address[]): Address | undefined {
    const reached = nodeId === null ? undefined : this.#with.reachedAt(nodeId);
    return addresses.find(({ host, port }) => host === reached?.host && port === reached.port);
  }
}

function askerOf(
  body: {
    readonly node_id?: string | null | undefined;
    readonly forwarded_for?: string | undefined;
  },
  request: PeerRequest,
): Asker {
  const { signer } = request;
  if (body.forwarded_for !== undefined && signer !== undefined) {
    return { kind: "stranger", from: plainAddress(body.forwarded_for) };
  }
  if (signer !== undefined) {
    if (body.node_id !== undefined && body.node_id !== null && body.node_id !== signer) {
      throw new Problem("bad_signature", "A node registers itself; this is another one's record.");
    }
    return { kind: "node", nodeId: signer };
  }
  if (request.controlled) return { kind: "operator" };
  return { kind: "stranger", from: plainAddress(request.remoteAddress) };
}
