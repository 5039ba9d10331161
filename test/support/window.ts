/**
 * Runs in the switch's namespace and passes requests on from a unix socket, which reaches across
 * namespaces, to the machine that the `x-machine` header names: the tests' view into the network.
 *
 *     bun test/support/window.ts SOCKET
 */
import { type IncomingMessage, request as openRequest } from "node:http";

const socket = process.argv[2];
if (socket === undefined) throw new Error("usage: window.ts SOCKET");

const REQUEST_TIMEOUT_MS = 5_000;

Bun.serve({
  unix: socket,
  async fetch(request) {
    const machine = request.headers.get("x-machine");
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    for (const name of ["x-machine", "host", "connection"]) headers.delete(name);
    const body = request.method === "GET" ? undefined : await request.text();
    try {
      if (machine?.startsWith("[fe80:")) return await overLink(request, machine, headers, body);
      return await fetch(`http://${machine}${pathname}${search}`, {
        method: request.method,
        headers,
        redirect: "manual",
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      return new Response(String(error), { status: 599 });
    }
  },
});

/** To a link-local address, which needs the switch's zone: fetch takes none. */
async function overLink(
  { method, url }: Request,
  machine: string,
  headers: Headers,
  body: string | undefined,
): Promise<Response> {
  const { pathname, search, hostname, port } = new URL(url.replace(/\/\/[^/]*/, `//${machine}`));
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = openRequest({
    method,
    host: `${hostname.slice(1, -1)}%br0`,
    port,
    path: `${pathname}${search}`,
    headers: { ...Object.fromEntries(headers), host: machine },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  asked.on("response", resolve).on("error", reject).end(body);
  const answer = await promise;
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(Buffer.from(chunk));
  const type = answer.headers["content-type"] ?? "text/plain";
  const status = answer.statusCode ?? 599;
  return new Response(Buffer.concat(chunks), { status, headers: { "content-type": type } });
}
