import { readFile } from "node:fs/promises";
import { isIpLiteral } from "../../platform/ip-literal.ts";

/** Addresses by names in lower case. */
export type HostsFile = ReadonlyMap<string, readonly string[]>;

/** The location of the system's hosts file. */
export const HOSTS_FILE =
  process.platform === "win32"
    ? `${process.env["SystemRoot"] ?? "C:\\Windows"}\\System32\\drivers\\etc\\hosts`
    : "/etc/hosts";

/** Lists of blocked sites have megabytes; an operator's own entries precede them. */
const CHARACTERS_MAX = 1 << 20;

/**
 * The content of the machine's hosts file (hosts(5)); empty if there is none. It is read here and
 * not by a lookup of the system, which would go on to ask name servers, and while those are silent
 * it blocks a thread that also serves file I/O.
 */
export async function readHostsFile(path: string): Promise<HostsFile> {
  const text = await readFile(path, "utf8").catch(() => "");
  const hosts = new Map<string, string[]>();
  for (const line of text.slice(0, CHARACTERS_MAX).split("\n")) {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (!isIpLiteral(address)) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      const known = hosts.get(key);
      if (known) known.push(address);
      else hosts.set(key, [address]);
    }
  }
  return hosts;
}

/** Undefined if the file does not contain the name. */
export function addressesIn(hosts: HostsFile, name: string): readonly string[] | undefined {
  return hosts.get(name.toLowerCase().replace(/\.$/, ""));
}
