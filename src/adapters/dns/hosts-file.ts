import { readFile } from "node:fs/promises";
import { isIpLiteral } from "../../platform/ip-literal.ts";

/** Addresses by names in lower case. */
export type HostsFile = ReadonlyMap<string, readonly string[]>;

/** Where the system keeps names of its own. */
export const HOSTS_FILE =
  process.platform === "win32"
    ? `${process.env["SystemRoot"] ?? "C:\\Windows"}\\System32\\drivers\\etc\\hosts`
    : "/etc/hosts";

/** Lists of blocked sites run to megabytes; what an operator writes himself stands before them. */
const CHARACTERS_MAX = 1 << 20;

/**
 * What a machine's hosts file says (hosts(5)); nothing where there is none. Read here and not by a
 * lookup of the system: that would go on to ask name servers, and as long as those are silent it
 * blocks a thread that files are read and written by.
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

/** Undefined where the file does not name it. */
export function addressesIn(hosts: HostsFile, name: string): readonly string[] | undefined {
  return hosts.get(name.toLowerCase().replace(/\.$/, ""));
}
