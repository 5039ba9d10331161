import { sourceKey } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import type { ClusterDeps } from "../deps.ts";
import type { IdentityProbe } from "../handshake/identity-probe.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import { isDialable, isReady } from "../peers/peer.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { WITNESSES_MAX, type WitnessRequest, witnessReplySchema } from "./hub-messages.ts";
import type { RoleKeeper } from "./role.ts";
import { stateUndialable, type WitnessStatement, witnessIn } from "./witness.ts";

export interface WitnessesDeps {
  readonly deps: ClusterDeps;
  readonly table: PeerTable;
  readonly client: PeerClient;
  readonly probe: IdentityProbe;
  readonly role: RoleKeeper;
  readonly policy: () => DialPolicy;
  readonly addresses: () => readonly Address[];
  /** The delay of this node's timers, milliseconds. */
  readonly lagMs: () => number;
}

export const WITNESS_PATH = "/api/cluster/witness";
/** A dial and its answer, on a machine that keeps up. */
const TIMEOUT_MS = 8_000;
/** A witness's dial with more delay than this does not count. */
const PUNCTUAL_MS = 100;
/**
 * Another dial must have succeeded this recently: otherwise the network of the witness may be
 * broken.
 */
const RECENT_SUCCESS_MS = 5_000;

/**
 * Establishes by several witnesses that a node cannot be dialled. A node behind a router must not
 * lead those that cannot reach it, and neither may one that refuses only one hub's connections.
 */
export class Witnesses {
  readonly #with: WitnessesDeps;
  readonly #statements = new Map<string, readonly WitnessStatement[]>();

  constructor(withDeps: WitnessesDeps) {
    this.#with = withDeps;
  }

  /** Statements gathered against a rival: enough of them, or none. */
  against(rival: string): readonly WitnessStatement[] {
    // It can be dialled by now: the statements are obsolete.
    if (isDialable(this.#with.table.get(rival)) !== false) this.forget(rival);
    const statements = this.#statements.get(rival) ?? [];
    return statements.length >= WITNESSES_MAX ? statements : [];
  }

  forget(rival: string): void {
    this.#statements.delete(rival);
  }

  clear(): void {
    this.#statements.clear();
  }

  /** Asks followers of different sources to dial a rival that this node could not dial. */
  async gather(rival: string, bootId: string): Promise<void> {
    const { table } = this.#with;
    const peer = table.get(rival);
    if (!peer || isDialable(peer) !== false) {
      this.#statements.delete(rival);
      return;
    }
    const addresses = peer.addresses.map(({ host, port }) => ({ host, port }));
    const request = { subject: rival, boot_id: bootId, addresses };
    const asked = this.#pick();
    const said = await Promise.all(asked.map((nodeId) => this.#ask(nodeId, request)));
    this.#statements.set(
      rival,
      said.filter((one) => one !== undefined),
    );
  }

  /**
   * A hub asks this node to dial another. @throws Problem `not_trusted` unless it is this node's
   * hub.
   */
  async testify(request: WitnessRequest, signer: string): Promise<WitnessStatement | null> {
    const { deps, role, probe, policy, addresses, lagMs } = this.#with;
    if (role.state.role !== "worker" || role.state.hub !== signer) {
      throw new Problem("not_trusted", "A node dials only for its own hub.");
    }
    const [from] = addresses();
    const targets = dialable(request.addresses, policy());
    if (!from || targets.length === 0) return null;
    const reached = await Promise.all(targets.map((one) => probe.isAt(one, request.subject)));
    if (reached.some(Boolean) || lagMs() > PUNCTUAL_MS || !this.#hasDialledLately()) return null;
    const { subject, boot_id } = request;
    return stateUndialable(deps.identity, { subject, boot_id, from });
  }

  /**
   * How many could not dial `subject`: only witnesses that exist, of different sources, and not the
   * rival's own. Zero if there are fewer than needed.
   */
  async prove(
    subject: string,
    statements: readonly WitnessStatement[],
    rivalHosts: readonly string[],
  ): Promise<number> {
    const { deps, probe, policy } = this.#with;
    const own = new Set(rivalHosts.map(sourceKey));
    const bySource = new Map<string, WitnessStatement>();
    for (const statement of statements) {
      const source = sourceKey(statement.from.host);
      if (!own.has(source) && witnessIn(statement, subject, deps.bootId) !== undefined) {
        bySource.set(source, statement);
      }
    }
    if (bySource.size < WITNESSES_MAX) return 0;
    const there = await Promise.all(
      [...bySource.values()].map(async (statement) => {
        const [target] = dialable([statement.from], policy());
        return target && probe.isAt(target, witnessIn(statement, subject, deps.bootId));
      }),
    );
    const count = there.filter((one) => one === true).length;
    return count >= WITNESSES_MAX ? count : 0;
  }

  #pick(): readonly string[] {
    const bySource = new Map<string, string>();
    for (const peer of this.#with.table.all()) {
      const [address] = peer.addresses;
      const able = peer.registration?.status === "online" && isDialable(peer) === true;
      if (able && address && isReady(peer)) bySource.set(sourceKey(address.host), peer.id);
    }
    return [...bySource.values()].slice(0, WITNESSES_MAX);
  }

  async #ask(nodeId: string, request: WitnessRequest): Promise<WitnessStatement | undefined> {
    try {
      const options = { timeoutMs: TIMEOUT_MS };
      const answered = await this.#with.client.send(nodeId, "POST", WITNESS_PATH, request, options);
      return witnessReplySchema.safeParse(answered.body).data?.statement ?? undefined;
    } catch (error) {
      if (error instanceof NetworkError || error instanceof Problem) return undefined;
      throw error;
    }
  }

  #hasDialledLately(): boolean {
    const sinceMs = this.#with.deps.clock.monotonicMs() - RECENT_SUCCESS_MS;
    return [...this.#with.table.all()].some(
      ({ dialled }) => dialled?.outcome === "ok" && dialled.startedMs >= sinceMs,
    );
  }
}
