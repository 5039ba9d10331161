import type { Duplex } from "node:stream";
import type { InterfaceAddress, Machine } from "../../platform/machine.ts";
import { memoizeLast } from "../../platform/memo.ts";
import { NetworkError } from "../../platform/network.ts";
import { isTailnetAddress } from "./addresses.ts";
import type { LocalApi } from "./local-api.ts";
import { plainName, type TailnetStatus } from "./status.ts";
import { openStream } from "./stream.ts";

/** What the tailnet's addresses are called where no network interface of this machine has them. */
const INTERFACE_NAME = "tailscale";

/**
 * The tailnet as this node stands in it. The backend keeps it up to date; whoever sends, receives
 * or announces asks it. Before the first look, and where the backend is not used, it changes
 * nothing.
 *
 * In userspace mode tailscaled has no network interface: it takes connections for the addresses of
 * this machine and passes them on from loopback, and the system knows no way to the others. The
 * same holds for a container that shares nothing but the socket with its host's tailscaled. So the
 * interfaces tell, not the word of tailscaled.
 */
export class Tailnet {
  readonly #machine: Pick<Machine, "addresses">;
  readonly #proxy: string | undefined;
  /** When it was connected for the last time. */
  #status: TailnetStatus | undefined;
  #localApi: LocalApi | undefined;
  #isConnected = false;
  readonly #hiddenAmong = memoizeLast(hiddenAddresses);

  /** `proxy`: the URL of tailscaled's HTTP proxy, where the operator names it. */
  constructor(machine: Pick<Machine, "addresses">, proxy: string | undefined) {
    this.#machine = machine;
    this.#proxy = proxy;
  }

  /** What was just seen; undefined where nothing is. */
  update(status: TailnetStatus | undefined, localApi: LocalApi | undefined): void {
    this.#isConnected = status?.state === "Running";
    if (this.#isConnected) this.#status = status;
    this.#localApi = localApi ?? this.#localApi;
  }

  /** Whether connections from the tailnet are passed on by tailscaled. */
  get isUserspace(): boolean {
    return this.#proxy !== undefined || this.#hiddenAddresses.length > 0;
  }

  /**
   * Whether a host can only be reached through tailscaled: also while that is not connected, since
   * without it the address is somebody else's (RFC 6598).
   */
  isBehindDaemon(host: string): boolean {
    if (!isTailnetAddress(host)) return false;
    return this.#proxy !== undefined || this.#hidden.length > 0;
  }

  /** What this machine is called in MagicDNS, which others may use for it. */
  get ownNames(): readonly string[] {
    const name = this.#status?.ownName ?? "";
    return name === "" ? [] : [name];
  }

  /** The addresses of a device by its full name in MagicDNS; undefined for all other names. */
  addressesOf(name: string): readonly string[] | undefined {
    const wanted = plainName(name);
    return this.#status?.devices.find((one) => one.name === wanted && wanted !== "")?.addresses;
  }

  /** A connection to a device, made by tailscaled. Rejects with NetworkError. */
  async open(host: string, port: number): Promise<Duplex> {
    if (this.#proxy !== undefined) {
      const end = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
      return openStream(this.#proxy, { method: "CONNECT", path: end });
    }
    if (this.#localApi === undefined) {
      const reason = "tailscaled has no network interface here, and its socket cannot be opened";
      throw new NetworkError("unreachable", reason, reason);
    }
    // It would not answer.
    if (!this.#isConnected) {
      const reason = "Tailscale is not connected";
      throw new NetworkError("unreachable", reason, reason);
    }
    return this.#localApi.dial(host, port);
  }

  /** {@link LocalApi.whois}. Rejects also where nobody can be asked. */
  async whois(host: string, port: number): Promise<string | undefined> {
    if (this.#localApi === undefined) throw new Error("tailscaled cannot be asked");
    return this.#localApi.whois(host, port);
  }

  /** The machine with those of its addresses that no interface shows: others can dial them. */
  extend(machine: Machine): Machine {
    // By the text: each look makes new lists, of which most say the same.
    const merge = memoizeLast((shown: readonly InterfaceAddress[], hidden: string) =>
      hidden === "" ? shown : [...shown, ...hidden.split(",").map(asInterfaceAddress)],
    );
    const hidden = () => this.#hiddenAddresses.join();
    return { ...machine, addresses: () => merge(machine.addresses(), hidden()) };
  }

  /** Addresses of this machine in the tailnet that no network interface has. */
  get #hidden(): readonly string[] {
    return this.#hiddenAmong(this.#status, this.#machine.addresses());
  }

  get #hiddenAddresses(): readonly string[] {
    return this.#isConnected ? this.#hidden : [];
  }
}

function hiddenAddresses(
  status: TailnetStatus | undefined,
  shown: readonly InterfaceAddress[],
): readonly string[] {
  const own = status?.addresses ?? [];
  return shown.some(({ address }) => own.includes(address)) ? [] : own;
}

function asInterfaceAddress(address: string): InterfaceAddress {
  const family = address.includes(":") ? "IPv6" : "IPv4";
  return { interfaceName: INTERFACE_NAME, address, family, internal: false };
}
