import { messageOf, Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import type { Cancel } from "../../platform/timers.ts";
import type { JournalPositions } from "../clones/journal-positions.ts";
import type { ClusterDeps } from "../deps.ts";
import { encodeBase64Url } from "../identity/identity.ts";
import { isProven } from "../identity/proof.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import { type Ping, type PingReply, pingReplySchema } from "../wire.ts";

export interface LivenessDeps {
  readonly deps: ClusterDeps;
  readonly client: PeerClient;
  /** What a ping to the hub says beside its challenge. */
  readonly describe: () => Omit<Ping, "challenge" | "lost_hub">;
  /** What this node and the one that is pinged remember of each other. */
  readonly positions: JournalPositions;
  readonly onReply: (hub: string, reply: PingReply, rttMs: number) => void;
  /** The hub has fallen silent. Told once for each silence. */
  readonly onSilence: (hub: string) => void;
}

/** A proven answer to a ping. */
export interface Pong {
  readonly reply: PingReply;
  readonly rttMs: number;
}

/** DESIGN §7: liveness between tankd nodes. */
export const PING_INTERVAL_MS = 400;
const SUSPECT_AFTER_MS = 1_200;
const PING_TIMEOUT_MS = 1_000;
/** Pings that wait for an answer; one lost packet must not keep the next ping back. */
const PINGS_OPEN_MAX = 3;
/** Silence that is enough to confirm another's suspicion. */
const CONFIRM_AFTER_MS = 500;
/** Each ping forgets a fifth of the worst lag. */
const LAG_DECAY = 0.8;
const CHALLENGE_BYTES = 18;

/** Watches the hub of a worker by pings, and tells when it has fallen silent. */
export class Liveness {
  readonly #with: LivenessDeps;
  #hub: string | undefined;
  #heardMs = 0;
  #open = 0;
  #lastFailed = false;
  #silent = false;
  #lagMs = 0;
  #dueMs = 0;
  #round = 0;
  #cancel: Cancel = () => {};

  constructor(withDeps: LivenessDeps) {
    this.#with = withDeps;
  }

  watch(hub: string): void {
    this.release();
    this.#hub = hub;
    this.#heardMs = this.#nowMs();
    this.#lastFailed = false;
    this.#silent = false;
    this.#open = 0;
    this.#dueMs = this.#nowMs();
    this.#beat();
  }

  release(): void {
    this.#hub = undefined;
    this.#round++;
    this.#cancel();
  }

  /** The hub is there but has more to say than fitted, or we want to know at once. */
  pingNow(): void {
    const hub = this.#hub;
    if (hub !== undefined && this.#open < PINGS_OPEN_MAX) void this.#pingHub(hub, this.#round);
  }

  /** Whether this node, asked by another worker, has lost that hub too; null if it is not ours. */
  hasLost(hub: string): boolean | null {
    if (this.#hub !== hub) return null;
    if (this.#silent) return true;
    return this.#lastFailed && this.#nowMs() - this.#heardMs > CONFIRM_AFTER_MS;
  }

  /** One proven answer of any node. @throws NetworkError, Problem. */
  async ask(nodeId: string, lostHub: string | null, timeoutMs: number): Promise<Pong | undefined> {
    const { client, deps } = this.#with;
    const challenge = encodeBase64Url(deps.random.bytes(CHALLENGE_BYTES));
    const { positions } = this.#with;
    const partners = lostHub === null ? positions.positionsToReport(nodeId) : [];
    const ping: Ping = {
      ...this.#with.describe(),
      ...positions.tellBriefly(nodeId),
      ...(partners.length > 0 ? { partner_positions: [...partners] } : {}),
      challenge,
      lost_hub: lostHub,
    };
    const answered = await client.send(nodeId, "POST", "/api/cluster/ping", ping, { timeoutMs });
    const reply = pingReplySchema.safeParse(answered.body).data;
    const key = client.pinned(nodeId)?.publicKey;
    if (!reply || key === undefined || reply.node_id !== nodeId) return undefined;
    const proven = isProven(key, nodeId, challenge, answered.body);
    if (!proven) return undefined;
    positions.hear(nodeId, reply, true);
    positions.reported(partners);
    return { reply, rttMs: answered.rttMs };
  }

  #beat(): void {
    const nowMs = this.#nowMs();
    // How late this very timer is: a machine that stalls must not blame the hub for it.
    this.#lagMs = Math.max(nowMs - this.#dueMs, this.#lagMs * LAG_DECAY);
    this.#dueMs = nowMs + PING_INTERVAL_MS;
    this.#cancel = this.#with.deps.timers.after(PING_INTERVAL_MS, () => this.#beat());
    this.pingNow();
    const hub = this.#hub;
    const silentMs = nowMs - this.#heardMs;
    if (hub !== undefined && !this.#silent && silentMs > SUSPECT_AFTER_MS + this.#lagMs) {
      this.#silent = true;
      this.#with.onSilence(hub);
    }
  }

  async #pingHub(hub: string, round: number): Promise<void> {
    this.#open++;
    try {
      const pong = await this.ask(hub, null, PING_TIMEOUT_MS);
      if (round !== this.#round) return;
      this.#open--;
      if (!pong) {
        this.#lastFailed = true;
        return;
      }
      this.#lastFailed = false;
      this.#silent = false;
      this.#heardMs = this.#nowMs();
      this.#with.onReply(hub, pong.reply, pong.rttMs);
    } catch (error) {
      if (round !== this.#round) return;
      this.#open--;
      this.#lastFailed = true;
      // A Problem: another node lives at its address now, or the hub is no longer pinned.
      if (error instanceof NetworkError || error instanceof Problem) return;
      this.#with.deps.log.warn("a ping failed", { hub, reason: messageOf(error) });
    }
  }

  #nowMs(): number {
    return this.#with.deps.clock.monotonicMs();
  }
}
