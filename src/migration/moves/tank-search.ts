import type { Cluster } from "../../cluster/cluster.ts";
import { BoundedMap } from "../../platform/bounded-map.ts";
import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import { MOVE_LIMITS } from "../../platform/limits-moves.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Owners } from "./owners.ts";
import type { PeerTalk } from "./peer-talk.ts";
import { PROOF_PATH, proofReplySchema } from "./protocol.ts";

export interface TankSearchPorts {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly log: Log;
  readonly owners: Owners;
  readonly talk: PeerTalk;
  /** Called where a tank was found on that node. */
  readonly onFound: (nodeId: string) => void;
}

/** The directory is told by heartbeats: asking more often shows nothing new. */
const SEARCH_INTERVAL_MS = 5_000;

/**
 * Looks for tanks whose node is gone for good: the directory names who has such a tank now, and
 * that node shows what former owners have signed. Without that nothing follows from it.
 */
export class TankSearch {
  readonly #ports: TankSearchPorts;
  /** When a tank may be looked for again, monotonic. */
  readonly #nextMs = new BoundedMap<string, number>(MOVE_LIMITS.tanksFollowedMax);

  constructor(ports: TankSearchPorts) {
    this.#ports = ports;
  }

  /** Looks for a tank that was on `nodeId`, as far as is proven. Never rejects. */
  async search(tankId: string, nodeId: string): Promise<void> {
    const { cluster, clock, owners, talk, log, onFound } = this.#ports;
    const now = clock.monotonicMs();
    if (now < (this.#nextMs.get(tankId) ?? 0)) return;
    this.#nextMs.set(tankId, now + SEARCH_INTERVAL_MS);
    try {
      const found = this.#placeOf(tankId);
      if (found === undefined || found === owners.whereIs(tankId, nodeId)) return;
      if (found === cluster.nodeId) return;
      const body = { version: 1, tank_id: tankId };
      const told = await talk.ask(found, PROOF_PATH, body, proofReplySchema);
      if (owners.learn(tankId, nodeId, told.body.certificates)) onFound(found);
    } catch (error) {
      log.debug("tank not found", { tank_id: tankId, reason: messageOf(error) });
    }
  }

  /** By the directory: names may be shared, ids are not. */
  #placeOf(tankId: string): string | undefined {
    const located = this.#ports.cluster.locate(tankId);
    return located?.tank.tank_id === tankId ? located.node_id : undefined;
  }
}
