import { isLoopback } from "../../discovery/addresses.ts";
import { BoundedMap } from "../../platform/bounded-map.ts";
import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import { SERVICE_ADDRESS } from "./addresses.ts";
import type { Tailnet } from "./tailnet.ts";

/**
 * How long the source of a connection is cached. Not for ever: another connection may have the same
 * port later, and its end is not reported.
 */
const REMEMBERED_MS = 5_000;

type Asked = Pick<Tailnet, "hasInterface" | "whois">;

interface Answer {
  readonly source: Promise<string>;
  readonly atMs: number;
}

/**
 * Identifies the other end of a connection from loopback: in userspace mode every device of the
 * tailnet seems to connect from there, and must not pass for a program of this machine. So a daemon
 * is asked wherever there may be one, whatever is known about it.
 */
export class TailnetSources {
  readonly #tailnet: Asked;
  readonly #clock: Clock;
  readonly #answers = new BoundedMap<string, Answer>(LIMITS.addressesTrackedMax);

  constructor(tailnet: Asked, clock: Clock) {
    this.#tailnet = tailnet;
    this.#clock = clock;
  }

  /**
   * The address as others would see it: that of the device, if tailscaled forwards a connection for
   * one; {@link SERVICE_ADDRESS} if the device is unknown; else the same address. Immediate for
   * connections that do not come from loopback. Never rejects.
   */
  readonly sourceOf = (address: string, port: number): string | Promise<string> => {
    if (!isLoopback(address) || this.#tailnet.hasInterface) return address;
    const end = `${address} ${port}`;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#answers.get(end);
    if (known !== undefined && nowMs - known.atMs < REMEMBERED_MS) return known.source;
    const source = this.#ask(address, port);
    this.#answers.set(end, { source, atMs: nowMs });
    return source;
  };

  async #ask(address: string, port: number): Promise<string> {
    try {
      return (await this.#tailnet.whois(address, port)) ?? address;
    } catch {
      return SERVICE_ADDRESS;
    }
  }
}
