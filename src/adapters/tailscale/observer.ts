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
  /** Where the daemon of this machine answers by itself: it can be watched, and dials. */
  readonly localApi?: LocalApi;
  /** By what it is seen, in words, where that is not the daemon itself. */
  readonly by?: string;
  /** The next look is this much later at least. */
  readonly intervalMs: number;
}

export interface ObserverOptions extends PlacesOptions {
  /** Without it only a tailnet to which this machine belongs is seen. */
  readonly restApi: RestApiOptions | undefined;
}

const LOCAL_INTERVAL_MS = 1_000;
/** Each time a process is started. */
const PROGRAM_INTERVAL_MS = 30_000;
/** The API is limited, and a list of a thousand devices has a megabyte. */
const REST_INTERVAL_MS = 60_000;

/**
 * Looks at the tailnet in the best way that there is at the moment: by the daemon of this machine,
 * by its command where this program may not open the socket, by the API of the control server.
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

  /** Whether there is anything to look by. Never rejects. */
  async isThere(): Promise<boolean> {
    if (this.#restApi !== undefined) return true;
    if ((await this.#localApis.find()).length > 0) return true;
    // The app from the App Store opens its API to its own command alone.
    const { platform } = this.#options;
    return platform === "darwin" && (await findProgram(this.#options)) !== undefined;
  }

  /** Rejects with an Error whose message says what to do. */
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
