import type { Duplex } from "node:stream";
import { z } from "zod";
import { NetworkError } from "../../platform/network.ts";
import { Endpoint, type EndpointAddress, type EndpointReply } from "../http/endpoint.ts";
import { addressesAmong, readStatus, type TailnetStatus } from "./status.ts";
import { openStream } from "./stream.ts";

/** The only Host that it accepts on a socket (`validHost` in Tailscale's ipn/localapi). */
export const LOCAL_API_ORIGIN = "http://local-tailscaled.sock";

const ANSWER_MS = 5_000;
/** It answers from a table in memory. */
const WHOIS_MS = 1_000;
/**
 * Notification mask (`ipn.NotifyWatchOpt`): the state at once (2), changes of other devices (4096),
 * and only the changed parts (32768). Older versions (1.94) do not know the last two, send all
 * devices at each change, and can limit that to every 3 s (256); newer ones (1.104) refuse that
 * bit.
 */
const WATCH_MASKS = [2 + 256 + 4096 + 32_768, 2 + 4096 + 32_768] as const;
/** Notifications without devices or state. */
const IDLE_NEWS: ReadonlySet<string> = new Set([
  "Version",
  "SessionID",
  "Engine",
  "Health",
  "ClientVersion",
  "SuggestedExitNode",
  "DriveShares",
  "OutgoingFiles",
  "IncomingFiles",
  "FilesWaiting",
]);

const newsSchema = z.record(z.string(), z.unknown());
const whoisSchema = z.object({ Node: z.object({ Addresses: z.array(z.string()).max(64) }) });

/** The API of tailscaled for programs on its machine, as `tailscale` itself uses it. */
export class LocalApi {
  readonly #address: EndpointAddress;
  readonly #endpoint: Endpoint;
  /** Whether the daemon has refused the first mask. */
  #isNew = false;

  constructor(address: EndpointAddress) {
    this.#address = address;
    this.#endpoint = new Endpoint(address);
  }

  /** Rejects with an Error if there is no status. */
  async status(): Promise<TailnetStatus> {
    const reply = await this.#get("status", ANSWER_MS);
    const status = reply.status === 200 ? readStatus(reply.json) : undefined;
    if (status === undefined) throw this.#failure(reply);
    return status;
  }

  /**
   * Calls `onNews` at once, and whenever the state or a device may have changed. Resolves or
   * rejects when notifications end: the daemon has ended, or this program was too slow.
   */
  async watch(onNews: () => void, signal: AbortSignal): Promise<void> {
    const mask = WATCH_MASKS[this.#isNew ? 1 : 0];
    let hasHeard = false;
    const request = {
      method: "GET",
      path: `/localapi/v0/watch-ipn-bus?mask=${mask}`,
      timeoutMs: ANSWER_MS,
      signal,
    } as const;
    try {
      await this.#endpoint.follow(request, (news) => {
        hasHeard = true;
        if (isAboutDevices(news)) onNews();
      });
    } finally {
      if (!hasHeard) this.#isNew = !this.#isNew;
    }
  }

  /**
   * The address of the device whose connection tailscaled forwards to this machine from `host` and
   * `port`; undefined if it forwards none. Rejects if it does not tell.
   */
  async whois(host: string, port: number): Promise<string | undefined> {
    const end = encodeURIComponent(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
    const reply = await this.#get(`whois?proto=tcp&addr=${end}`, WHOIS_MS);
    if (reply.status === 404) return undefined;
    const addresses = whoisSchema.safeParse(reply.json).data?.Node.Addresses ?? [];
    const hosts = addresses.map((prefix) => prefix.replace(/\/\d+$/, ""));
    const [address] = addressesAmong(hosts);
    if (reply.status !== 200 || address === undefined) throw this.#failure(reply);
    return address;
  }

  /** A connection to a device, made by tailscaled. Rejects with NetworkError. */
  dial(host: string, port: number): Promise<Duplex> {
    const { origin, socketPath, headers } = this.#address;
    return openStream(origin, {
      method: "POST",
      path: "/localapi/v0/dial",
      headers: {
        ...headers,
        connection: "upgrade",
        upgrade: "ts-dial",
        "dial-host": host,
        "dial-port": String(port),
      },
      ...(socketPath === undefined ? {} : { socketPath }),
    });
  }

  async #get(path: string, timeoutMs: number): Promise<EndpointReply> {
    const request = { method: "GET", path: `/localapi/v0/${path}`, timeoutMs } as const;
    try {
      return await this.#endpoint.ask(request);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      throw new Error(
        `tailscaled at ${this.#where}: ${error.reason}; it must run, and the user of tankd must ` +
          "be allowed to open that socket",
      );
    }
  }

  #failure({ status }: EndpointReply): Error {
    if (status === 401 || status === 403) {
      return new Error(
        `tailscaled at ${this.#where} refuses this user: start tankd as one who may run ` +
          "tailscale status",
      );
    }
    return new Error(`the program at ${this.#where} is not tailscaled`);
  }

  get #where(): string {
    return this.#address.socketPath ?? this.#address.origin;
  }
}

function isAboutDevices(news: unknown): boolean {
  const { data = {} } = newsSchema.safeParse(news);
  return Object.entries(data).some(([what, value]) => value !== null && !IDLE_NEWS.has(what));
}
