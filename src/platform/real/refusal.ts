import { systemFailure } from "./system-failure.ts";

/** An IP literal, with or without a zone, or a name; without brackets. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Whether node:http says of a connection that it was refused, which need not be so. */
export function isSaidToBeRefused(error: unknown): boolean {
  return systemFailure(error)[0] === "refused";
}

/**
 * Why no connection came about. Bun's node:http, node:net and Bun.connect say ECONNREFUSED whatever
 * the reason is: nobody listens, nobody has the address (EHOSTUNREACH), there is no way to it
 * (ENETUNREACH). That somebody has refused says that his machine is there, so it must be true.
 * Bun's fetch tells the reason, and is asked once more for it. Resolves with that error.
 */
export async function whyRefused({ host, port }: Place, signal: AbortSignal): Promise<unknown> {
  // No URL can name the zone, so fetch cannot go there: who has refused stays unknown.
  if (host.includes("%")) return new Error("no connection came about");
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  try {
    // The place as its own proxy: otherwise fetch would ask the one that HTTP_PROXY names.
    await fetch(url, { method: "HEAD", proxy: url, redirect: "manual", keepalive: false, signal });
    return new Error("no connection came about at first");
  } catch (error) {
    return error;
  }
}
