import { z } from "zod";
import type { PeerReply, PeerRequest } from "../../cluster/peer-route.ts";
import { messageOf, Problem, StorageUnavailable } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Log } from "../../telemetry/log.ts";
import { replyOf } from "./courier.ts";
import { POSITION_HEADER } from "./protocol.ts";

type Handle = (request: PeerRequest) => Promise<PeerReply>;

/** A malformed transfer of a batch spoils none of the others, so they are read one by one. */
const batchSchema = z.strictObject({
  version: z.literal(1),
  transfers: z.array(z.unknown()).min(1).max(LIMITS.transfersPerBatchMax),
});

/**
 * `POST /api/remote-transfers`: each transfer as if it had come alone. They are decided at the same
 * time, so that their commits become one of the journal.
 */
export function receiveBatch(
  receive: Handle,
  ports: {
    /** How far this node's journal has come, once all of them are in it. */
    readonly statement: () => string | undefined;
    readonly log: Log;
  },
): Handle {
  return async (request) => {
    const parsed = batchSchema.safeParse(request.body);
    if (!parsed.success) {
      const most = LIMITS.transfersPerBatchMax;
      throw new Problem("bad_request", `A batch is {version: 1, transfers: [1 to ${most}]}.`);
    }
    const replies = await Promise.all(
      parsed.data.transfers.map((body, at) =>
        answered(receive, { ...request, body, query: queryOf(request, at) }, ports.log),
      ),
    );
    const answers = replies.map(({ status, body }) => ({ status, body }));
    const position = ports.statement();
    const headers = position === undefined ? {} : { [POSITION_HEADER]: position };
    return { status: 200, body: { answers }, headers };
  };
}

/** The query of the transfer at that place, as if it had come alone. */
function queryOf({ query }: PeerRequest, at: number): PeerRequest["query"] {
  const { replacing = "", ...others } = query;
  return replacing.split(".").includes(String(at)) ? { ...others, replacing: "0" } : others;
}

/** The answer to one request, where a refusal is one too, and a fault of ours. */
export async function answered(handle: Handle, request: PeerRequest, log: Log): Promise<PeerReply> {
  try {
    return await handle(request);
  } catch (error) {
    if (error instanceof Problem) return replyOf(error);
    if (error instanceof StorageUnavailable) {
      return replyOf(new Problem("storage_unavailable", messageOf(error)));
    }
    log.error("transfer failed", { error: messageOf(error) });
    return replyOf(new Problem("internal", messageOf(error)));
  }
}
