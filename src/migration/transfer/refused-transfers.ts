import type { PeerReply, PeerRequest } from "../../cluster/peer-route.ts";
import type { Clock } from "../../platform/clock.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { textIn } from "../../platform/text-in.ts";
import { BoundedLog } from "../../telemetry/bounded-log.ts";
import type { Log } from "../../telemetry/log.ts";

type Handle = (request: PeerRequest) => Promise<PeerReply>;

/** Logs what is refused before it is judged: what it is, from whom, and why. */
export function logRefusals(
  { log, clock }: { readonly log: Log; readonly clock: Clock },
  receive: Handle,
): Handle {
  const lines = new BoundedLog(log, clock, {
    refused: { perSecond: LIMITS.strangerLinesPerSecond, burst: LIMITS.strangerLinesBurst },
  });
  return async (request) => {
    try {
      return await receive(request);
    } catch (error) {
      if (error instanceof Problem) {
        lines.info("refused", "transfer refused", {
          ...claimsOf(request),
          from: request.signer ?? "unsigned",
          address: request.remoteAddress,
          code: error.code,
          reason: error.message,
        });
      }
      throw error;
    }
  };
}

/** What a request says of itself, valid or not; Tank World's forms too. */
function claimsOf({ body, query }: PeerRequest) {
  return {
    entity: textIn(body, "entity_type"),
    transfer_id: textIn(body, "transfer_id"),
    tank_id:
      textIn(body, "destination", "tank_id") ??
      textIn(body, "destination_tank_id") ??
      textIn(body, "destination_world_id") ??
      textIn(query, "destination_tank_id"),
  };
}
