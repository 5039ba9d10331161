import { z } from "zod";
import type { Positions } from "../../cluster/clones/journal-positions.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { PeerRequest } from "../../cluster/peer-route.ts";
import { problemCodeOf } from "../../cluster/problem-code.ts";
import { messageOf, Problem, type ProblemCode } from "../../platform/errors.ts";
import { describeFirst } from "../../platform/issue-words.ts";
import { NetworkError } from "../../platform/network.ts";
import { POSITION_HEADER } from "../transfer/protocol.ts";

/** An answer, and how far the journal of the other node has come. */
export interface Told<T> {
  readonly body: T;
  readonly position: string | undefined;
}

const problemSchema = z.object({ detail: z.string().max(1000) });

/** What a node of an earlier build is: it has no such path. */
const TOO_OLD = "its version of tankd cannot take part in moves of whole tanks";

/** Questions about moves to other nodes. Each shows what this node remembers, as transfers do. */
export class PeerTalk {
  readonly #cluster: Pick<Cluster, "call" | "positions">;

  constructor(cluster: Pick<Cluster, "call" | "positions">) {
    this.#cluster = cluster;
  }

  /** Rejects with Problem: `unreachable` without an answer, `other_protocol` of an old build. */
  async ask<T>(
    nodeId: string,
    path: string,
    body: unknown,
    schema: z.ZodType<T>,
  ): Promise<Told<T>> {
    const reply = await this.#call(nodeId, path, body);
    const position = reply.headers?.[POSITION_HEADER];
    if (reply.status === 200) {
      const parsed = schema.safeParse(reply.body);
      if (parsed.success) return { body: parsed.data, position };
      throw new Problem("unreachable", `its answer is malformed: ${describeFirst(parsed.error)}`);
    }
    const code: ProblemCode = problemCodeOf(reply) ?? "unreachable";
    if (code === "not_found") throw new Problem("other_protocol", TOO_OLD);
    const said = problemSchema.safeParse(reply.body).data?.detail;
    throw new Problem(code, said?.replace(/\.$/, "") ?? `it answers with status ${reply.status}`);
  }

  async #call(nodeId: string, path: string, body: unknown) {
    const { positions } = this.#cluster;
    const said = { position: positions.statement(), remembered: positions.remembered(nodeId) };
    const words = Object.entries(said).flatMap(([name, word]) => (word ? `${name}=${word}` : []));
    const asked = words.length === 0 ? path : `${path}?${words.join("&")}`;
    try {
      return await this.#cluster.call(nodeId, "POST", asked, body);
    } catch (error) {
      if (error instanceof Problem && error.code !== "unknown_server") throw error;
      const isKnown = error instanceof NetworkError || error instanceof Problem;
      if (!isKnown) throw error;
      throw new Problem("unreachable", messageOf(error), { cause: error });
    }
  }
}

/**
 * The node that has signed a request about a move, once neither it nor this node is known to have
 * lost commits. @throws Problem, which decides nothing
 */
export function requireSigner(
  { signer, query }: PeerRequest,
  positions: Positions,
  isLoaded: boolean,
): string {
  if (signer === undefined) {
    throw new Problem("bad_signature", "A move must be signed by the node that it concerns.");
  }
  positions.judge(signer, query["remembered"]);
  const { fenced } = positions;
  if (fenced) throw new Problem("not_ready", fenced.message);
  if (!positions.recalled || !isLoaded) throw new Problem("not_ready", "This node is starting.");
  if (positions.isBehind(signer, query["position"])) {
    throw new Problem("directory_copied", "This node knows a later state of your journal.");
  }
  return signer;
}

/** The answer with this node's position, which is not before what it tells. */
export function stated(body: unknown, positions: Positions) {
  const position = positions.statement();
  const headers = position === undefined ? {} : { [POSITION_HEADER]: position };
  return { status: 200, body, headers };
}
