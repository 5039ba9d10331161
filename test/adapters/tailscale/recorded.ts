import { readFileSync } from "node:fs";

/**
 * Answers of tailscaled 1.94.1 in userspace mode, recorded with `curl --unix-socket` from two
 * daemons and the control server in control/ beside this: the status while it runs, with a peer
 * whose key has expired and a phone (running), before a login (needs-login), after `tailscale down`
 * (stopped), and with the key expired (expired); one line of each kind that
 * watch-ipn-bus?mask=37122 gave from the start of the daemon on (news); whois of a connection that
 * it passed on (whois). What said something about the machine was taken out.
 */
const FOLDER = new URL("recorded/", import.meta.url).pathname;

export type Recorded = Readonly<Record<string, unknown>>;

function read(name: string): Recorded {
  return JSON.parse(readFileSync(`${FOLDER}${name}.json`, "utf8"));
}

export const RUNNING = read("running");
export const NEEDS_LOGIN = read("needs-login");
export const STOPPED = read("stopped");
export const EXPIRED = read("expired");
export const WHOIS = read("whois");
export const NEWS: readonly string[] = readFileSync(`${FOLDER}news.jsonl`, "utf8")
  .trimEnd()
  .split("\n");

/** A peer as the status has it. */
export function peer(number: number, change: Recorded = {}): Recorded {
  const id = `n${number}`;
  return {
    ID: id,
    HostName: id,
    DNSName: `${id}.tail-test.ts.net.`,
    OS: "linux",
    TailscaleIPs: [addressOf(number), `fd7a:115c:a1e0::${number.toString(16)}`],
    Online: true,
    ...change,
  };
}

/** The recorded status with these peers. */
export function withPeers(...peers: readonly Recorded[]): Recorded {
  const keys = peers.map((one, index) => [`nodekey:${index}`, one]);
  return { ...RUNNING, Peer: Object.fromEntries(keys) };
}

export function addressOf(number: number): string {
  return `100.64.${number >> 8}.${number & 255}`;
}
