import { readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { EndpointAddress } from "../http/endpoint.ts";
import { LOCAL_API_ORIGIN } from "./local-api.ts";

/** Sockets of tailscaled (Tailscale's `paths` package). */
const SOCKETS: readonly string[] = [
  "/var/run/tailscale/tailscaled.sock",
  // Synology DSM 7, and 6.
  "/var/packages/Tailscale/var/tailscaled.sock",
  "/var/packages/Tailscale/etc/tailscaled.sock",
  // gokrazy.
  "/perm/tailscaled/tailscaled.sock",
];
/** The open source daemon on macOS. */
const MACOS_SOCKETS: readonly string[] = ["/var/run/tailscaled.socket"];
/** A named pipe, which `node:http` treats like a socket. */
const WINDOWS_PIPES: readonly string[] = [
  "\\\\.\\pipe\\ProtectedPrefix\\Administrators\\Tailscale\\tailscaled",
];

/** The standalone app for macOS stores its port and its password here, for administrators. */
const MACOS_DIRECTORY = "/Library/Tailscale";

/** The command of Tailscale if it is not on the PATH. */
const PROGRAMS: readonly string[] = [
  "/Applications/Tailscale.app/Contents/MacOS/Tailscale",
  "C:\\Program Files\\Tailscale\\tailscale.exe",
];

export interface PlacesOptions {
  /** Given by the operator: no other place is tried. */
  readonly socket: string | undefined;
  /** `linux`, `darwin`, `win32`, … */
  readonly platform: string;
  /** The root of all paths; for tests. */
  readonly root?: string;
}

/** Where the LocalAPI of this machine may be, the likeliest first. Never rejects. */
export async function findLocalApis(options: PlacesOptions): Promise<readonly EndpointAddress[]> {
  const { socket, platform, root = "" } = options;
  if (socket !== undefined) return [{ origin: LOCAL_API_ORIGIN, socketPath: socket }];
  const found: EndpointAddress[] = platform === "darwin" ? await findMacosApp(root) : [];
  for (const path of socketsOf(platform)) {
    const socketPath = root + path;
    if (await isThere(socketPath)) found.push({ origin: LOCAL_API_ORIGIN, socketPath });
  }
  return found;
}

/** The command `tailscale`; undefined if it is not installed. */
export async function findProgram({ root = "" }: PlacesOptions): Promise<string | undefined> {
  const onPath = Bun.which("tailscale", { PATH: process.env["PATH"] ?? "" });
  if (onPath !== null) return onPath;
  for (const path of PROGRAMS) if (await isThere(root + path)) return root + path;
  return undefined;
}

function socketsOf(platform: string): readonly string[] {
  if (platform === "darwin") return MACOS_SOCKETS;
  return platform === "win32" ? WINDOWS_PIPES : SOCKETS;
}

/**
 * `ipnport` is a link whose target is the port, `sameuserproof-PORT` a file with the password
 * (Tailscale's `safesocket` package). Files of an app that has ended may be there, too.
 */
async function findMacosApp(root: string): Promise<EndpointAddress[]> {
  const directory = join(root, MACOS_DIRECTORY);
  try {
    const port = await readlink(join(directory, "ipnport"));
    if (!/^\d{1,5}$/.test(port)) return [];
    const password = (await readFile(join(directory, `sameuserproof-${port}`), "utf8")).trim();
    const authorization = `Basic ${Buffer.from(`:${password}`).toString("base64")}`;
    return [{ origin: `http://127.0.0.1:${port}`, headers: { authorization } }];
  } catch {
    return [];
  }
}

/** Including paths that this user may not access. */
async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "EACCES" || code === "EPERM";
  }
}
