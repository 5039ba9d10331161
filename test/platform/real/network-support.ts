import { createServer, type Server, type Socket } from "node:net";
import { type HttpRequest, NetworkError } from "../../../src/platform/network.ts";
import { HttpNetwork } from "../../../src/platform/real/network.ts";

export const network = new HttpNetwork();
const closers: (() => void)[] = [];

/** At the end of the test, or when it wants nobody to listen any more. */
export function atEnd(...close: readonly (() => void)[]): void {
  closers.push(...close);
}

export function closeAll(): void {
  for (const close of closers.splice(0)) close();
}

export function request(origin: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: "GET",
    origin,
    path: "/path?a=b",
    headers: { "x-one": "1" },
    timeoutMs: 5000,
    responseBytesMax: 1000,
    ...more,
  };
}

/** A server that speaks bytes, so that it can be as wrong as it likes. */
export async function rawServer(speak: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => speak(socket));
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${port}`;
}

export function httpServer(
  answer: (request: Request) => Response | Promise<Response>,
  hostname = "127.0.0.1",
) {
  const server = Bun.serve({ port: 0, hostname, fetch: answer });
  atEnd(() => void server.stop(true));
  return `http://${hostname}:${server.port}`;
}

export async function failureOf(sent: HttpRequest): Promise<string> {
  const error = await network.send(sent).catch((caught: unknown) => caught);
  return error instanceof NetworkError ? error.failure : `no failure: ${JSON.stringify(error)}`;
}
