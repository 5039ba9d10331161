import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { messageOf } from "../errors.ts";
import { systemCode } from "./storage-failures.ts";

/** Whether a program listens on a TCP port of this machine. */
export type PortUse =
  | { readonly kind: "free" }
  /** `by`: the program, if this user may see it. */
  | { readonly kind: "taken"; readonly by: Listener | undefined }
  /** This user may not listen on it, or the machine has no such address. */
  | { readonly kind: "impossible"; readonly reason: string };

export interface Listener {
  readonly pid: number;
  readonly name: string;
}

/** Tries to listen for a moment. `host` undefined for all addresses, IPv4 and IPv6. */
export async function readPortUse(port: number, host: string | undefined): Promise<PortUse> {
  const everywhere = await tryListening(port, host ?? "::");
  const isWithoutIpv6 = host === undefined && NO_IPV6.has(systemCode(everywhere));
  const failure = isWithoutIpv6 ? await tryListening(port, "0.0.0.0") : everywhere;
  if (failure === undefined) return { kind: "free" };
  if (systemCode(failure) === "EADDRINUSE") return { kind: "taken", by: listenerAt(port) };
  return { kind: "impossible", reason: messageOf(failure) };
}

/** Error codes of a kernel without IPv6. */
const NO_IPV6: ReadonlySet<string> = new Set(["EAFNOSUPPORT", "EADDRNOTAVAIL"]);

/** Why the port cannot be used; undefined where it can. */
function tryListening(port: number, host: string): Promise<unknown> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    try {
      server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
    } catch (error) {
      resolve(error);
    }
  });
}

/** The program that listens on the port. Only on Linux; other users' programs only for root. */
function listenerAt(port: number): Listener | undefined {
  const sockets = new Set(
    ["tcp", "tcp6"].flatMap((table) => {
      const text = read(`/proc/net/${table}`);
      return text === undefined ? [] : listeningInodes(text, port).map((one) => `socket:[${one}]`);
    }),
  );
  if (sockets.size === 0) return undefined;
  const pid = entries("/proc").find(
    (name) =>
      /^\d+$/.test(name) &&
      entries(`/proc/${name}/fd`).some((fd) => sockets.has(link(`/proc/${name}/fd/${fd}`))),
  );
  if (pid === undefined) return undefined;
  return { pid: Number(pid), name: read(`/proc/${pid}/comm`)?.trim() ?? "" };
}

/** State `LISTEN` in the tables of /proc/net (proc_net(5)). */
const LISTENING = "0A";

/**
 * Inodes of the sockets that listen on a port, from lines `n: address:port remote state … inode …`,
 * addresses and ports in hex.
 */
export function listeningInodes(table: string, port: number): readonly string[] {
  return table.split("\n").flatMap((line) => {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    const isThere = Number.parseInt(local.split(":")[1] ?? "", 16) === port;
    return isThere && state === LISTENING && inode !== undefined ? [inode] : [];
  });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function entries(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
