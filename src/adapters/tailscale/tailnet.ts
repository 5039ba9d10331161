import type { Duplex } from "node:stream";
import type { InterfaceAddress, Machine } from "../../platform/machine.ts";
import { memoizeLast } from "../../platform/memo.ts";
import { NetworkError } from "../../platform/network.ts";
import { isTailnetAddress } from "./addresses.ts";
import type { LocalApi } from "./local-api.ts";
import type { LocalApis } from "./local-apis.ts";
import { plainName, type TailnetStatus } from "./status.ts";
import { openStream } from "./stream.ts";

/** What the tailnet's addresses are called where no network interface of this machine has them. */
const INTERFACE_NAME = "tailscale";

/**
 * The tailnet as this node stands in it; whoever sends, receives or announces asks it. The backend
 * keeps it up to date. Where that is not used, nothing of the tailnet is announced.
 *
 * In userspace mode tailscaled has no network interface: it takes connections for the addresses of
 * this machine and passes them on from loopback, and the system knows no way to the others. The
 * same holds for a container that shares nothing but the socket with its host's tailscaled. So the
 * interfaces tell, not the word of tailscaled.
 */
export class Tailnet {
  readonly localApis: LocalApis;
  readonly #machine: Pick<Machine, "addresses">;
  readonly #proxy: string | undefined;
  /** When it was connected for the last time. */
  #status: TailnetStatus | undefined;
  /** Of this machine then. */
  #own: readonly string[] = [];
  #localApi: LocalApi | undefined;
  /** Whether it is, as far as whoever follows it can see. */
  #isConnected = false;
  /** Whether it has said of itself that it is not. */
  #isDown = false;
  #hadInterface = false;
  readonly #hiddenAmong = memoizeLast(hiddenAddresses);

  /** `proxy`: the URL of tailscaled's HTTP proxy, where the operator names it. */
  constructor(
    machine: Pick<Machine, "addresses">,
    proxy: string | undefined,
    localApis: LocalApis,
  ) {
    this.#machine = machine;
    this.#proxy = proxy;
    this.localApis = localApis;
  }

  /**
   * Looks once, so that from the first request on it is known what leads through tailscaled. Never
   * rejects.
   */
  async meet(): Promise<void> {
    const seen = await this.localApis.look().catch(() => undefined);
    if (seen) this.#note(seen.status, seen.localApi);
  }

  /** What was just seen; undefined where nothing is. */
  update(status: TailnetStatus | undefined, localApi: LocalApi | undefined): void {
    this.#isConnected = status?.state === "Running";
    if (status === undefined) return;
    this.#isDown = !this.#isConnected;
    this.#note(status, localApi);
  }

  /** Whether this machine is announced by addresses of the tailnet that no interface shows. */
  get isUserspace(): boolean {
    return this.#proxy !== undefined || this.#hiddenAddresses.length > 0;
  }

  /** Whether what comes from the tailnet comes by a network interface, and not from loopback. */
  get hasInterface(): boolean {
    return this.#proxy === undefined && hasOneOf(this.#own, this.#machine.addresses());
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
    if (this.#isDown) {
      const reason = "Tailscale is not connected";
      throw new NetworkError("unreachable", reason, reason);
    }
    return this.#localApi.dial(host, port);
  }

  /**
   * {@link LocalApis.whois}. Rejects also where a daemon has no socket here; never where the
   * tailnet was seen last at a network interface.
   */
  async whois(host: string, port: number): Promise<string | undefined> {
    try {
      const device = await this.localApis.whois(host, port);
      if (this.#proxy === undefined || this.localApis.isKnown) return device;
      throw new Error("tailscaled cannot be asked");
    } catch (error) {
      if (this.#hadInterface) return undefined;
      throw error;
    }
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

  #note(status: TailnetStatus, localApi: LocalApi | undefined): void {
    this.#localApi = localApi ?? this.#localApi;
    if (status.state !== "Running") return;
    this.#status = status;
    // The control server, which is asked where no daemon answers, does not know whose they are.
    if (status.addresses.length === 0) return;
    this.#own = status.addresses;
    this.#hadInterface = this.hasInterface;
  }

  /** Addresses of this machine in the tailnet that no network interface has. */
  get #hidden(): readonly string[] {
    return this.#hiddenAmong(this.#own, this.#machine.addresses());
  }

  get #hiddenAddresses(): readonly string[] {
    return this.#isConnected ? this.#hidden : [];
  }
}

function hiddenAddresses(
  own: readonly string[],
  shown: readonly InterfaceAddress[],
): readonly string[] {
  return hasOneOf(own, shown) ? [] : own;
}

function hasOneOf(own: readonly string[], shown: readonly InterfaceAddress[]): boolean {
  return shown.some(({ address }) => own.includes(address));
}

function asInterfaceAddress(address: string): InterfaceAddress {
  const family = address.includes(":") ? "IPv6" : "IPv4";
  return { interfaceName: INTERFACE_NAME, address, family, internal: false };
}
