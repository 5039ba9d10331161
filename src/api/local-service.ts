import type { Obey } from "../cluster/admission/orders.ts";
import {
  REPLY_HEADERS,
  type RelayedReply,
  type RelayedRequest,
  type TunnelWatch,
} from "../cluster/tunnel/messages.ts";
import type { LocalService, RemoteViewer } from "../cluster/tunnel/node-end.ts";
import { messageOf, Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import type { ApiContext } from "./context.ts";
import { problemResponse } from "./problems.ts";
import { readAtMost } from "./read-at-most.ts";
import type { Fetch } from "./service.ts";
import { hostedTank } from "./tank-view.ts";
import type { Viewers } from "./viewers.ts";

const WATCH_PATH = /^\/ws\/([^/?]+)$/;

/**
 * This node's API for requests through a tunnel or a relay: the same routes and checks, without
 * credentials, which relays do not forward.
 */
export function localService(context: ApiContext, serve: Fetch, viewers: Viewers): LocalService {
  return {
    answer: async (request, source) => {
      const { path } = request;
      try {
        return await replyOf(await serve(requestOf(context, request), bindingsOf(source)), path);
      } catch (error) {
        context.log.error("request failed", { path, error: messageOf(error) });
        return replyOf(problemResponse(new Problem("internal", "An internal error"), path), path);
      }
    },
    watch: (path, source, viewer) => watch(context, viewers, { path, source }, viewer),
  };
}

/**
 * Executes orders of other nodes, which have proven that they may give them: the same routes as
 * for an operator of this node.
 */
export function obeying({ controlToken, log }: ApiContext, serve: Fetch): Obey {
  return async ({ method, path, body, idempotency_key: key }, signer) => {
    const headers = {
      host: "localhost",
      authorization: `Bearer ${controlToken}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    };
    const text = body === undefined ? undefined : JSON.stringify(body);
    const request = new Request(`http://localhost${path}`, {
      method,
      headers,
      ...(text === undefined ? {} : { body: text }),
    });
    const response = await serve(request, { ...bindingsOf(""), orderedBy: signer });
    log.info("order of another node", { node_id: signer, method, path, status: response.status });
    return replyOf(response, path);
  };
}

function requestOf({ cluster }: ApiContext, { method, path, headers, body }: RelayedRequest) {
  // The node's id is the one name that every relay has for it.
  const host = cluster.nodeId;
  return new Request(`http://${host}${path}`, {
    method,
    headers: { ...definedOf(headers), host },
    // Request takes none with GET; a signature over one does not verify without it.
    ...(body === "" || method === "GET" ? {} : { body }),
  });
}

function bindingsOf(remoteAddress: string): Parameters<Fetch>[1] {
  return { remoteAddress, isPassedOn: true, patient: () => {}, upgrade: () => false };
}

async function replyOf(response: Response, path: string): Promise<RelayedReply> {
  const bytes = await readAtMost(response.body, LIMITS.peerResponseBytesMax);
  if (bytes === undefined) {
    const tooLong = new Problem("unreachable", "The answer is too long to be relayed.");
    return replyOf(problemResponse(tooLong, path), path);
  }
  const headers: Record<string, string> = {};
  for (const name of REPLY_HEADERS) {
    const value = response.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  return { status: response.status, headers, body: new TextDecoder().decode(bytes) };
}

function watch(
  context: ApiContext,
  viewers: Viewers,
  { path, source }: TunnelWatch,
  remote: RemoteViewer,
): () => void {
  const tankId = WATCH_PATH.exec(path)?.[1];
  if (tankId === undefined) throw new Problem("not_found", "Nothing can be watched here.");
  hostedTank(context, tankId);
  const service = viewers.admit(tankId, source);
  const stops: (() => void)[] = [];
  let isStopped = false;
  const stop = () => {
    if (isStopped) return;
    isStopped = true;
    for (const one of stops) one();
    service.onClose(1000, "");
  };
  service.onOpen({
    send: (text) => remote.send(String(text)),
    waitingBytes: 0,
    subscribe: (topic) => {
      stops.push(viewers.audience.subscribe(topic, (text) => remote.send(text)));
    },
    close: (code, reason) => {
      stop();
      remote.end(code, reason);
    },
  });
  return stop;
}

function definedOf(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((one): one is [string, string] => one[1] !== undefined),
  );
}
