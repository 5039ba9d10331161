import type { PeerReply } from "../../cluster/peer-route.ts";
import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import { enter, SharedRoom } from "../../platform/room.ts";
import { TokenBuckets } from "../../platform/token-bucket.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import { busy } from "./decisions.ts";
import type { AbortRequest } from "./protocol.ts";
import type { TransferQuotas } from "./quotas.ts";

/** Some hundred transfers of a node that are not decided wait for the disk, or for a tank. */
const UNDERWAY_WAIT_MS = 1_000;

/** How many transfers of each node are decided: at a time, and a second for each tank. */
export class Admission {
  readonly #tanks: Pick<Tanks, "get">;
  readonly #rates: TokenBuckets;
  readonly #underway = new SharedRoom(
    LIMITS.inboundTransfersUnderwayMax,
    LIMITS.inboundTransfersUnderwayPerNodeMax,
  );

  constructor(ports: {
    readonly tanks: Pick<Tanks, "get">;
    readonly clock: Clock;
    readonly quotas: TransferQuotas;
  }) {
    this.#tanks = ports.tanks;
    this.#rates = new TokenBuckets(ports.clock, {
      perSecond: ports.quotas.inboundPerSecond,
      burst: ports.quotas.inboundBurst,
      keysMax: LIMITS.inboundBucketsMax,
    });
  }

  /** Answers 429 before the request of a node is examined, so that it decides nothing. */
  async unlessTooMany(
    nodeId: string,
    { destination }: AbortRequest,
    decide: () => Promise<PeerReply>,
  ): Promise<PeerReply> {
    const leave = enter(this.#underway.of(nodeId));
    if (!leave) return slowDown(UNDERWAY_WAIT_MS);
    try {
      const tank = this.#tanks.get(destination.tank_id) ? destination.tank_id : "";
      const waitMs = this.#rates.take(`${nodeId} ${tank}`);
      return waitMs > 0 ? slowDown(waitMs) : await decide();
    } finally {
      leave();
    }
  }
}

function slowDown(waitMs: number): PeerReply {
  return busy("Too many fish at once from this node; slow down.", waitMs);
}
