import { isIPv4 } from "node:net";
import { messageOf } from "../../platform/errors.ts";
import type { Machine } from "../../platform/machine.ts";
import { type Cancel, repeat, type Timers } from "../../platform/timers.ts";
import type { Log } from "../../telemetry/log.ts";
import { isLoopback, usableInterfaceAddresses } from "../addresses.ts";
import type { Announcement, DiscoveryBackend, Nomination } from "../backend.ts";
import { nominationOf, recordsOf } from "./records.ts";
import { Responder } from "./responder.ts";

export interface MdnsDeps {
  readonly timers: Timers;
  readonly machine: Machine;
  readonly log: Log;
}

/** How soon a cable that was plugged in, or a Wi-Fi that was joined, is noticed. */
const INTERFACE_CHECK_MS = 2_000;

/**
 * Multicast DNS service discovery (RFC 6762, RFC 6763) on every usable interface. Without any network
 * it waits for one. Loopback is used only on a machine that has nothing else.
 */
export class MdnsBackend implements DiscoveryBackend {
  readonly name = "mdns";
  readonly #deps: MdnsDeps;
  readonly #responders = new Map<string, Responder>();
  /** Why the last attempts on an interface failed, by its address; only of those that are there. */
  readonly #failures = new Map<string, string>();
  #announcement: Announcement | undefined;
  #nominate: (nomination: Nomination) => void = () => {};
  #cancelCheck: Cancel = () => {};

  constructor(deps: MdnsDeps) {
    this.#deps = deps;
  }

  async start(
    announcement: Announcement,
    nominate: (nomination: Nomination) => void,
  ): Promise<void> {
    this.#announcement = announcement;
    this.#nominate = nominate;
    this.#followInterfaces();
    this.#cancelCheck = repeat(this.#deps.timers, INTERFACE_CHECK_MS, () =>
      this.#followInterfaces(),
    );
  }

  update(announcement: Announcement): void {
    this.#announcement = announcement;
    for (const responder of this.#responders.values()) responder.announce(recordsOf(announcement));
  }

  refresh(): void {
    this.#followInterfaces();
    for (const responder of this.#responders.values()) responder.refresh();
  }

  describe(): string {
    const used = [...this.#responders.keys()];
    const failed = [...this.#failures]
      .filter(([address]) => !this.#responders.has(address))
      .map(([address, why]) => `cannot use ${address}: ${why}`);
    const on = used.length > 0 ? [`on ${used.join(", ")}`] : [];
    return [...on, ...failed].join("; ") || "waits for a network";
  }

  async stop(): Promise<void> {
    this.#cancelCheck();
    this.#nominate = () => {};
    const responders = [...this.#responders.values()];
    this.#responders.clear();
    await Promise.all(responders.map((responder) => responder.close()));
  }

  /** One responder for each interface that is there now. */
  #followInterfaces(): void {
    const wanted = new Set(this.#interfaceAddresses());
    for (const [address, responder] of this.#responders) {
      if (wanted.has(address)) continue;
      this.#responders.delete(address);
      void responder.close();
    }
    for (const address of this.#failures.keys()) {
      if (!wanted.has(address)) this.#failures.delete(address);
    }
    for (const address of wanted) {
      if (!this.#responders.has(address)) this.#open(address);
    }
  }

  #interfaceAddresses(): readonly string[] {
    const { machine } = this.#deps;
    const usable = usableInterfaceAddresses({
      interfaces: machine.addresses().filter(({ address }) => isIPv4(address)),
      defaultRouteInterface: machine.defaultRouteInterface(),
    });
    const outside = usable.filter(({ address }) => !isLoopback(address));
    const byInterface = new Map(
      (outside.length > 0 ? outside : usable)
        .toReversed()
        .map(({ interfaceName, address }) => [interfaceName, address]),
    );
    return [...byInterface.values()];
  }

  #open(address: string): void {
    const fail = (error: unknown) => {
      const responder = this.#responders.get(address);
      this.#responders.delete(address);
      void responder?.close();
      const fields = { interface: address, reason: messageOf(error) };
      const known = this.#failures.get(address) === fields.reason;
      this.#failures.set(address, fields.reason);
      // The check comes by again and tries anew: said once, then quietly.
      if (known) this.#deps.log.debug("mdns cannot use an interface", fields);
      else this.#deps.log.warn("mdns cannot use an interface", fields);
    };
    try {
      const responder = new Responder(address, this.#deps.timers, {
        onService: (service) => {
          const nomination = nominationOf(service);
          if (nomination) this.#nominate(nomination);
        },
        onError: fail,
      });
      this.#responders.set(address, responder);
      if (this.#announcement) responder.announce(recordsOf(this.#announcement));
      responder.browse();
    } catch (error) {
      fail(error);
    }
  }
}
