import { LIMITS } from "../../platform/limits.ts";
import { NetworkError } from "../../platform/network.ts";
import type { JournalPositions } from "../clones/journal-positions.ts";
import type { ClusterDeps } from "../deps.ts";
import { encodeBase64Url } from "../identity/identity.ts";
import { isProven } from "../identity/proof.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { problemCodeOf } from "../problem-code.ts";
import { heardPingReplySchema, type Ping, type PingReply, type RegistryPosition } from "../wire.ts";

export interface PingerDeps {
  readonly deps: ClusterDeps;
  readonly table: PeerTable;
  readonly client: PeerClient;
  /** The journal positions that this node and the pinged one remember of each other. */
  readonly positions: JournalPositions;
}

/** The variable part of a ping. */
export interface PingContent {
  readonly registry: RegistryPosition | null;
  readonly lostHub: string | null;
  readonly follow?: Ping["follow"];
  readonly otherHubs: Ping["other_hubs"];
}

/** A proven answer to a ping. */
export interface Pong {
  readonly reply: PingReply;
  readonly rttMs: number;
}

const PATH = "/api/cluster/ping";
const CHALLENGE_BYTES = 18;

/** Pings one node; only its key can sign the answer. */
export class Pinger {
  readonly #with: PingerDeps;

  constructor(withDeps: PingerDeps) {
    this.#with = withDeps;
  }

  /**
   * One proven answer; undefined if the answer proves nothing.
   * @throws NetworkError, Problem `unknown_server` before a handshake.
   */
  async ask(nodeId: string, content: PingContent, timeoutMs: number): Promise<Pong | undefined> {
    const { client, deps, table, positions } = this.#with;
    const challenge = encodeBase64Url(deps.random.bytes(CHALLENGE_BYTES));
    const rttMs = table.get(nodeId)?.rttsMs.at(-1);
    // The hub stores what this node remembers of its partners, and reports it to a node that was
    // set back.
    const batch = content.registry === null ? [] : positions.positionsToReport(nodeId);
    const ping: Ping = {
      challenge,
      cluster: deps.settings.cluster,
      boot_id: deps.bootId,
      registry: content.registry,
      lost_hub: content.lostHub,
      other_hubs: content.otherHubs.slice(0, LIMITS.addressesPerServerMax),
      ...(rttMs === undefined ? {} : { rtt_ms: rttMs }),
      ...(content.follow === undefined ? {} : { follow: content.follow }),
      ...positions.tellBriefly(nodeId),
      ...(batch.length === 0 ? {} : { partner_positions: [...batch] }),
    };
    const answered = await client.send(nodeId, "POST", PATH, ping, { timeoutMs });
    if (problemCodeOf(answered) === "bad_signature") {
      throw new NetworkError("refused", `another node listens where ${nodeId} was`);
    }
    const reply = heardPingReplySchema.safeParse(answered.body).data;
    const publicKey = table.get(nodeId)?.key?.publicKey;
    if (!reply || publicKey === undefined || reply.node_id !== nodeId) return undefined;
    if (!isProven(publicKey, nodeId, challenge, answered.body)) return undefined;
    positions.hear(nodeId, reply, true);
    if (content.registry !== null) {
      positions.reported(batch);
      positions.hubAnswered();
    }
    table.noteRtt(nodeId, answered.rttMs);
    const nowMs = deps.clock.monotonicMs();
    table.noteStanding(nodeId, reply.standing, nowMs);
    table.update(nodeId, { dialled: { outcome: "ok", startedMs: nowMs - answered.rttMs } });
    return { reply, rttMs: answered.rttMs };
  }
}
