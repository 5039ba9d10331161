import { systemFailure } from "./system-failure.ts";
import type { Place } from "./target.ts";

/** Whether node:http reports a refused connection, which may be wrong. */
export function isSaidToBeRefused(error: unknown): boolean {
  return systemFailure(error)[0] === "refused";
}

/**
 * Determines why a connection failed. Bun's node:http, node:net and Bun.connect report ECONNREFUSED
 * for every reason: no listener, an unused address (EHOSTUNREACH), no route (ENETUNREACH). A
 * refusal implies that the machine is running, so it must be distinguished. Bun's fetch reports the
 * reason, so the connection is tried again with it. Resolves with that error.
 */
export async function whyRefused({ host, port }: Place, signal: AbortSignal): Promise<unknown> {
  // A URL cannot contain the zone, so fetch cannot connect: the reason stays unknown.
  if (host.includes("%")) return new Error("no connection came about");
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  try {
    // The host as its own proxy: otherwise fetch would use HTTP_PROXY.
    await fetch(url, { method: "HEAD", proxy: url, redirect: "manual", keepalive: false, signal });
    return new Error("no connection came about at first");
  } catch (error) {
    return error;
  }
}
