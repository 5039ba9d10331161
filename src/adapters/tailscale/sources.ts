import { isLoopback } from "../../discovery/addresses.ts";
import { BoundedMap } from "../../platform/bounded-map.ts";
import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import { SERVICE_ADDRESS } from "./addresses.ts";
import type { Tailnet } from "./tailnet.ts";

/**
 * A connection is asked about once in this time. It cannot be for ever: another connection may have
 * the same port later, and nobody tells when the first has ended.
 */
const REMEMBERED_MS = 5_000;

type Asked = Pick<Tailnet, "hasInterface" | "whois">;

interface Answer {
  readonly source: Promise<string>;
  readonly atMs: number;
}

/**
 * Who is at the other end of a connection from loopback: in userspace mode every device of the
 * tailnet seems to speak from there, and must not pass for a program of this machine. So a daemon
 * is asked wherever one may be, whatever is known of it.
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
   * The address as others would see it: that of the device, where tailscaled passes on a
   * connection for one; {@link SERVICE_ADDRESS} where it cannot be told; else the same. At once
   * for everything that does not come from loopback. Never rejects.
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
