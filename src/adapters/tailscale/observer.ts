import type { Clock } from "../../platform/clock.ts";
import type { LocalApi } from "./local-api.ts";
import type { LocalApis } from "./local-apis.ts";
import { findProgram, type PlacesOptions } from "./places.ts";
import { askProgram } from "./program.ts";
import { RestApi, type RestApiOptions } from "./rest-api.ts";
import type { TailnetStatus } from "./status.ts";

/** The tailnet at one moment. */
export interface Look {
  readonly status: TailnetStatus;
  /** The daemon of this machine, if it answers itself: it can be watched, and dials. */
  readonly localApi?: LocalApi;
  /** The source in words, if that is not the daemon itself. */
  readonly by?: string;
  /** Minimum time until the next observation. */
  readonly intervalMs: number;
}

export interface ObserverOptions extends PlacesOptions {
  /** Without it only a tailnet to which this machine belongs can be observed. */
  readonly restApi: RestApiOptions | undefined;
}

const LOCAL_INTERVAL_MS = 1_000;
/** Each observation starts a process. */
const PROGRAM_INTERVAL_MS = 30_000;
/** The API has a rate limit, and a list of a thousand devices takes a megabyte. */
const REST_INTERVAL_MS = 60_000;

/**
 * Observes the tailnet by the best available source: the daemon of this machine, its command if
 * this program may not open the socket, or the API of the control server.
 */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #localApis: LocalApis;
  readonly #restApi: RestApi | undefined;

  constructor(options: ObserverOptions, localApis: LocalApis, clock: Clock) {
    this.#options = options;
    this.#localApis = localApis;
    this.#restApi = options.restApi && new RestApi(options.restApi, clock);
  }

  /** Whether there is any source. Never rejects. */
  async isThere(): Promise<boolean> {
    if (this.#restApi !== undefined) return true;
    if ((await this.#localApis.find()).length > 0) return true;
    // The app from the App Store opens its API only to its own command.
    const { platform } = this.#options;
    return platform === "darwin" && (await findProgram(this.#options)) !== undefined;
  }

  /** Rejects with an Error whose message contains the remedy. */
  async look(): Promise<Look> {
    let failure: unknown;
    const ways = [() => this.#byDaemon(), () => this.#byProgram(), () => this.#byRestApi()];
    for (const way of ways) {
      try {
        const look = await way();
        if (look !== undefined) return look;
      } catch (error) {
        failure ??= error;
      }
    }
    throw (
      failure ??
      new Error(
        "there is no Tailscale on this machine: install it, or say where it is with " +
          "TANKD_TAILSCALE_SOCKET, or set TANKD_TAILSCALE_API_KEY",
      )
    );
  }

  async #byDaemon(): Promise<Look | undefined> {
    const seen = await this.#localApis.look();
    return seen && { ...seen, intervalMs: LOCAL_INTERVAL_MS };
  }

  async #byProgram(): Promise<Look | undefined> {
    const program = await findProgram(this.#options);
    if (program === undefined) return undefined;
    const status = await askProgram(program, this.#options.socket);
    return { status, by: "by tailscale status", intervalMs: PROGRAM_INTERVAL_MS };
  }

  async #byRestApi(): Promise<Look | undefined> {
    if (this.#restApi === undefined) return undefined;
    const status = await this.#restApi.look();
    return { status, by: "by the API of Tailscale", intervalMs: REST_INTERVAL_MS };
  }
}
