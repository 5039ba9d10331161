import type { Cluster } from "../../cluster/cluster.ts";
import type { PeerReply, PeerRequest } from "../../cluster/peer-route.ts";
import { readBody } from "../../cluster/read-body.ts";
import { Problem } from "../../platform/errors.ts";
import type { MoveLog } from "./move-log.ts";
import type { Owners } from "./owners.ts";
import { requireSigner, stated } from "./peer-talk.ts";
import { outcomeSchema, proofSchema } from "./protocol.ts";

export interface OwnerAnswersPorts {
  readonly cluster: Cluster;
  readonly owners: Owners;
  readonly moves: MoveLog;
}

/** What a node tells of tanks that it has given away. */
export class OwnerAnswers {
  readonly #ports: OwnerAnswersPorts;

  constructor(ports: OwnerAnswersPorts) {
    this.#ports = ports;
  }

  /** `POST /api/moves/outcome`. */
  readonly outcome = async (request: PeerRequest): Promise<PeerReply> => {
    const { move_id, tank_id } = readBody(outcomeSchema, request.body);
    const { owners, moves, cluster } = this.#ports;
    const signer = requireSigner(request, cluster.positions, owners.loaded);
    const certificate = owners
      .certificates(tank_id)
      .find((one) => one.move_id === move_id && one.from === cluster.nodeId && one.to === signer);
    const row = moves.get(move_id);
    const isOpen = row?.peer_node_id === signer && row.state === "sealed";
    const state = certificate ? "moved" : isOpen ? "sealed" : "aborted";
    return stated({ state, certificate: certificate ?? null }, cluster.positions);
  };

  /** `POST /api/moves/proof`. */
  readonly prove = async (request: PeerRequest): Promise<PeerReply> => {
    const { owners, cluster } = this.#ports;
    const { tank_id } = readBody(proofSchema, request.body);
    requireSigner(request, cluster.positions, owners.loaded);
    const certificates = owners.certificates(tank_id);
    if (certificates.length > 0) return stated({ certificates }, cluster.positions);
    throw new Problem("unknown_tank", "Of this tank no move is known here.");
  };
}
