import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

export type Transport = "tcp" | "udp";

/** Attempts to find a TCP port that is also free for UDP; failures beyond that are not chance. */
const ATTEMPTS_MAX = 16;

/**
 * The wanted port of `host`; if one of the transports has it in use, a port that is free for all.
 */
export async function freePort(
  host: string,
  wanted: number,
  transports: readonly Transport[] = ["tcp"],
): Promise<number> {
  const first = await take(host, wanted, transports);
  if (first !== undefined) return first;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const other = await take(host, 0, transports);
    if (other !== undefined) return other;
  }
  return wanted;
}

/** A port that is free for all of them, 0 for any; undefined if there is none. */
async function take(
  host: string,
  wanted: number,
  transports: readonly Transport[],
): Promise<number | undefined> {
  let port = wanted;
  await using held = new AsyncDisposableStack();
  try {
    for (const transport of transports) {
      const socket = transport === "tcp" ? await listen(host, port) : await bind(host, port);
      held.defer(socket.close);
      port = socket.port;
    }
    return port;
  } catch {
    return undefined;
  }
}

interface Held {
  readonly port: number;
  readonly close: () => Promise<void>;
}

async function listen(host: string, port: number): Promise<Held> {
  const server = createServer();
  const listening = once(server, "listening");
  server.listen({ host, port, exclusive: true });
  await listening;
  const address = server.address();
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { port: typeof address === "object" && address ? address.port : port, close };
}

async function bind(address: string, port: number): Promise<Held> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  const listening = once(socket, "listening");
  socket.bind({ address, port, exclusive: true });
  await listening;
  return {
    port: socket.address().port,
    close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}
