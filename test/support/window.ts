/**
 * Runs in the switch's namespace and passes requests on from a unix socket, which reaches across
 * namespaces, to the machine that the `x-machine` header names: the tests' view into the network.
 *
 *     bun test/support/window.ts SOCKET
 */
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
