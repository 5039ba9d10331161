import { z } from "zod";
import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import { NetworkError } from "../../platform/network.ts";
import { Endpoint, type EndpointReply } from "../http/endpoint.ts";
import { addressesAmong, type Device, plainName, type TailnetStatus } from "./status.ts";

export interface RestApiOptions {
  /** `https://api.tailscale.com` */
  readonly url: string;
  readonly key: string;
  /** Name of the tailnet; `-` for that of the key. */
  readonly tailnet: string;
}

const ANSWER_MS = 15_000;
/** Pause after a refusal, if the server names none. */
const RETRY_AFTER_MS = 60_000;
const RETRY_AFTER_MAX_MS = 3_600_000;
/** A device seen this recently counts as online if the server gives no status. */
const RECENT_MS = 5 * 60_000;
const TEXT_MAX = 253;

const text = z.string().max(TEXT_MAX).catch("");
const time = z.iso.datetime({ offset: true }).optional().catch(undefined);

/** The needed fields of a device (https://tailscale.com/api, "List tailnet devices"). */
const deviceSchema = z.object({
  nodeId: text,
  name: text,
  addresses: z.array(z.string().max(TEXT_MAX)).catch([]),
  os: text,
  tags: z.array(z.string().max(TEXT_MAX)).catch([]),
  authorized: z.boolean().catch(true),
  blocksIncomingConnections: z.boolean().catch(false),
  connectedToControl: z.boolean().optional().catch(undefined),
  lastSeen: time,
  keyExpiryDisabled: z.boolean().catch(false),
  expires: time,
});

const devicesSchema = z.object({ devices: z.array(z.unknown()) });

/** The devices of a tailnet by its control server, for a machine that is not one of them. */
export class RestApi {
  readonly #options: RestApiOptions;
  readonly #clock: Clock;
  readonly #endpoint: Endpoint;
  #waitUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: RestApiOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    const headers = { authorization: `Bearer ${options.key}` };
    this.#endpoint = new Endpoint({ origin: options.url, headers });
  }

  /** Rejects with an Error whose message contains the remedy. */
  async look(): Promise<TailnetStatus> {
    const { tailnet } = this.#options;
    if (this.#clock.monotonicMs() < this.#waitUntilMs) throw this.#failure(429);
    const reply = await this.#ask(
      `/api/v2/tailnet/${encodeURIComponent(tailnet)}/devices?fields=all`,
    );
    const list = devicesSchema.safeParse(reply.json).data;
    if (reply.status === 429) this.#noteWait(reply);
    if (reply.status !== 200 || list === undefined) throw this.#failure(reply.status);
    const nowMs = this.#clock.wallMs();
    const devices = list.devices
      .slice(0, LIMITS.tailnetDevicesMax)
      .flatMap((one) => readDevice(one, nowMs));
    const name = tailnet === "-" ? "" : tailnet;
    return {
      state: "Running",
      name,
      ownName: "",
      addresses: [],
      expiresMs: undefined,
      isConnected: true,
      devices,
    };
  }

  async #ask(path: string): Promise<EndpointReply> {
    try {
      return await this.#endpoint.ask({ method: "GET", path, timeoutMs: ANSWER_MS });
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      throw new Error(
        `${this.#options.url} does not answer: ${error.reason}; it is tried again, and ` +
          "TANKD_TAILSCALE_API_URL says where it is",
      );
    }
  }

  #noteWait({ headers }: EndpointReply): void {
    const seconds = Number(headers["retry-after"]);
    const waitMs = seconds > 0 ? Math.min(1000 * seconds, RETRY_AFTER_MAX_MS) : RETRY_AFTER_MS;
    this.#waitUntilMs = this.#clock.monotonicMs() + waitMs;
  }

  #failure(status: number): Error {
    const { url, tailnet } = this.#options;
    switch (status) {
      case 401:
        return new Error(
          `${url} refuses the key: set TANKD_TAILSCALE_API_KEY to a new one; keys expire`,
        );
      case 403:
        return new Error(
          `${url}: the key in TANKD_TAILSCALE_API_KEY may not read devices: give it that right`,
        );
      case 404:
        return new Error(`${url} knows no tailnet ${tailnet}: set TANKD_TAILSCALE_TAILNET`);
      case 429:
        return new Error(`${url} limits requests; it is tried again later`);
      default:
        return new Error(`${url} does not return a list of devices (status ${status})`);
    }
  }
}

function readDevice(value: unknown, nowMs: number): readonly Device[] {
  const device = deviceSchema.safeParse(value).data;
  const addresses = addressesAmong(device?.addresses ?? []);
  const [first] = addresses;
  if (device === undefined || first === undefined) return [];
  if (!device.authorized || device.blocksIncomingConnections) return [];
  const { nodeId, name, os, tags, connectedToControl, lastSeen, keyExpiryDisabled } = device;
  const seenMs = lastSeen === undefined ? Number.NEGATIVE_INFINITY : Date.parse(lastSeen);
  return [
    {
      id: nodeId === "" ? first : nodeId,
      name: plainName(name),
      addresses,
      os,
      tags,
      isOnline: connectedToControl ?? nowMs - seenMs < RECENT_MS,
      expiresMs: keyExpiryDisabled || !device.expires ? undefined : Date.parse(device.expires),
    },
  ];
}
