import type { Duplex } from "node:stream";
import type { InterfaceAddress, Machine } from "../../platform/machine.ts";
import { memoizeLast } from "../../platform/memo.ts";
import { NetworkError } from "../../platform/network.ts";
import { isTailnetAddress } from "./addresses.ts";
import type { LocalApi } from "./local-api.ts";
import type { LocalApis } from "./local-apis.ts";
import { plainName, type TailnetStatus } from "./status.ts";
import { openStream } from "./stream.ts";

/** The name for the tailnet's addresses if no network interface of this machine has them. */
const INTERFACE_NAME = "tailscale";

/**
 * The tailnet from the view of this node, for all that send, receive or announce. The backend keeps
 * it current. If that is not used, nothing of the tailnet is announced.
 *
 * In userspace mode tailscaled has no network interface: it accepts connections for the addresses
 * of this machine and forwards them from loopback, and the system has no route to the other
 * devices. The same holds for a container that shares only the socket with its host's tailscaled.
 * So the interfaces decide, not what tailscaled reports.
 */
export class Tailnet {
  readonly localApis: LocalApis;
  readonly #machine: Pick<Machine, "addresses">;
  readonly #proxy: string | undefined;
  /** When it was last connected. */
  #status: TailnetStatus | undefined;
  /** The addresses of this machine at that time. */
  #own: readonly string[] = [];
  #localApi: LocalApi | undefined;
  /** Whether it is connected, as far as an observer can see. */
  #isConnected = false;
  /** Whether it has reported that it is not connected. */
  #isDown = false;
  #hadInterface = false;
  readonly #hiddenAmong = memoizeLast(hiddenAddresses);

  /** `proxy`: the URL of tailscaled's HTTP proxy, if the operator names it. */
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
   * Observes once, so that the first request already knows which addresses lead through tailscaled.
   * Never rejects.
   */
  async meet(): Promise<void> {
    const seen = await this.localApis.look().catch(() => undefined);
    if (seen) this.#note(seen.status, seen.localApi);
  }

  /** The latest observation; undefined if there is nothing. */
  update(status: TailnetStatus | undefined, localApi: LocalApi | undefined): void {
    this.#isConnected = status?.state === "Running";
    if (status === undefined) return;
    this.#isDown = !this.#isConnected;
    this.#note(status, localApi);
  }

  /** Whether this machine is announced by addresses of the tailnet that no interface has. */
  get isUserspace(): boolean {
    return this.#proxy !== undefined || this.#hiddenAddresses.length > 0;
  }

  /** Whether connections from the tailnet arrive by a network interface, and not from loopback. */
  get hasInterface(): boolean {
    return this.#proxy === undefined && hasOneOf(this.#own, this.#machine.addresses());
  }

  /**
   * Whether a host can only be reached through tailscaled: also while that is not connected, since
   * otherwise the address belongs to somebody else (RFC 6598).
   */
  isBehindDaemon(host: string): boolean {
    if (!isTailnetAddress(host)) return false;
    return this.#proxy !== undefined || this.#hidden.length > 0;
  }

  /** The name of this machine in MagicDNS, which others may use for it. */
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
   * {@link LocalApis.whois}. Also rejects if a daemon has no socket here; never if the tailnet was
   * last seen at a network interface.
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

  /** The machine with those of its addresses that no interface has: others can dial them. */
  extend(machine: Machine): Machine {
    // By the text: each observation creates new lists, most of which are equal.
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
    // The control server, which is asked if no daemon answers, does not know whose they are.
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
