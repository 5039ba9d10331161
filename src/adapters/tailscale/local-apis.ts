import { BoundedMap } from "../../platform/bounded-map.ts";
import { LocalApi } from "./local-api.ts";
import { findLocalApis, type PlacesOptions } from "./places.ts";
import type { TailnetStatus } from "./status.ts";

/** The answer of a daemon of this machine. */
export interface OwnLook {
  readonly status: TailnetStatus;
  readonly localApi: LocalApi;
}

/** More than there are places; the app for macOS has another port at each start. */
const LOCAL_APIS_MAX = 8;

/** The daemons of this machine, as far as their sockets are visible. */
export class LocalApis {
  readonly #options: PlacesOptions;
  /** All that were ever there, by place: knowledge about a daemon is kept. */
  readonly #seen = new BoundedMap<string, LocalApi>(LOCAL_APIS_MAX);

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Whether one was ever there. */
  get isKnown(): boolean {
    return this.#seen.size > 0;
  }

  /** The present ones, the likeliest first. Never rejects. */
  async find(): Promise<readonly LocalApi[]> {
    const found: LocalApi[] = [];
    for (const address of await findLocalApis(this.#options)) {
      const key = JSON.stringify(address);
      const localApi = this.#seen.get(key) ?? new LocalApi(address);
      this.#seen.set(key, localApi);
      found.push(localApi);
    }
    return found;
  }

  /** From the first that answers; undefined if none is there. Rejects if none answers. */
  async look(): Promise<OwnLook | undefined> {
    let failure: unknown;
    for (const localApi of await this.find()) {
      try {
        return { status: await localApi.status(), localApi };
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  /**
   * {@link LocalApi.whois} of all of them: the socket of a running daemon may have been removed.
   * Rejects if one does not tell, and no other knows the device.
   */
  async whois(host: string, port: number): Promise<string | undefined> {
    await this.find();
    const asked = [...this.#seen.values()].map((localApi) => localApi.whois(host, port));
    const answers = await Promise.allSettled(asked);
    for (const answer of answers) {
      if (answer.status === "fulfilled" && answer.value !== undefined) return answer.value;
    }
    for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
    return undefined;
  }
}
