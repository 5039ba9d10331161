import { isIP } from "node:net";
import { type HttpRequest, type HttpResponse, NetworkError } from "../network.ts";
import type { SimulatedHost } from "./host.ts";
import type { Prng } from "./prng.ts";
import type { SimulatedWorld } from "./world.ts";

/** A request as its receiver sees it. */
export interface IncomingRequest extends HttpRequest {
  readonly remoteAddress: string;
}

export type RequestHandler = (request: IncomingRequest) => Promise<HttpResponse>;

/** What may happen to each message, in percent of messages, and how long it travels. */
export interface NetworkFaults {
  requestLossPercent: number;
  replyLossPercent: number;
  /** A request that arrives twice; the copy up to `copyDelayMaxMs` late, long after its answer. */
  duplicatePercent: number;
  copyDelayMaxMs: number;
  /** One way. A wide range reorders. */
  delayMinMs: number;
  delayMaxMs: number;
}

interface Exchange {
  readonly from: SimulatedHost;
  readonly to: SimulatedHost;
  readonly port: number;
  readonly request: HttpRequest;
  readonly label: string;
  readonly answer: (response: HttpResponse) => void;
  readonly fail: (error: NetworkError) => void;
}

/** HTTP between simulated hosts. Each message meets its faults by the world's seed. */
export class SimulatedNetwork {
  /** May be changed at any moment; holds for messages sent from then on. */
  readonly faults: NetworkFaults = {
    requestLossPercent: 0,
    replyLossPercent: 0,
    duplicatePercent: 0,
    copyDelayMaxMs: 5,
    delayMinMs: 1,
    delayMaxMs: 5,
  };

  readonly #world: SimulatedWorld;
  readonly #draws: Prng;
  readonly #partitions = new Set<{ readonly from: Set<string>; readonly to: Set<string> }>();

  constructor(world: SimulatedWorld) {
    this.#world = world;
    this.#draws = world.stream("network");
  }

  /**
   * Drops everything between the two sets of hosts, messages under way included, until the returned
   * function is called. One-way: only what goes from the first set to the second.
   */
  partition(
    from: readonly SimulatedHost[],
    to: readonly SimulatedHost[],
    options: { readonly oneWay?: boolean } = {},
  ): () => void {
    const left = new Set(from.map((host) => host.name));
    const right = new Set(to.map((host) => host.name));
    const cuts = [{ from: left, to: right }];
    if (!options.oneWay) cuts.push({ from: right, to: left });
    for (const cut of cuts) this.#partitions.add(cut);
    this.#world.record(`partition ${[...left]} ${options.oneWay ? "->" : "<>"} ${[...right]}`);
    return () => {
      for (const cut of cuts) this.#partitions.delete(cut);
      this.#world.record(`heal ${[...left]} ${[...right]}`);
    };
  }

  /** Ends all partitions. */
  heal(): void {
    this.#partitions.clear();
    this.#world.record("heal all");
  }

  /** Sends for the process that runs on `from`. The caller puts it under the process's life. */
  exchange(from: SimulatedHost, request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const target = this.#targetOf(request);
      const label = `${from.name}>${target?.host.name ?? "?"} ${request.method} ${request.path}`;
      const cancelTimeout = this.#world.schedule(request.timeoutMs, `timeout ${label}`, () =>
        reject(new NetworkError("timeout", `${label}: no answer in ${request.timeoutMs} ms`)),
      );
      const fail = (error: NetworkError) => {
        cancelTimeout();
        reject(error);
      };
      const answer = (response: HttpResponse) => {
        cancelTimeout();
        const failure = disbelief(request, response);
        if (failure) reject(failure);
        else resolve(response);
      };
      if (!target) {
        const refused = new NetworkError("refused", `${label}: nobody has ${request.origin}`);
        this.#world.schedule(this.#delay(), `refuse ${label}`, () => fail(refused));
        return;
      }
      const { host: to, port } = target;
      this.#sendRequest({ from, to, port, request, label, answer, fail });
    });
  }

  /** Names are those of hosts. */
  async resolve(name: string): Promise<readonly string[]> {
    if (isIP(name) !== 0) return [name];
    await this.#world.sleep(this.#delay(), `resolve ${name}`);
    const host = this.#hostOf(name);
    if (!host) throw new NetworkError("unreachable", `${name}: the name is not known`);
    return [host.address];
  }

  #sendRequest(exchange: Exchange): void {
    const lost = this.#draws.chance(this.faults.requestLossPercent);
    const doubled = this.#draws.chance(this.faults.duplicatePercent);
    const copyDelayMs = this.#draws.integer(this.faults.delayMinMs, this.faults.copyDelayMaxMs);
    const delays = [this.#delay(), copyDelayMs].slice(0, doubled ? 2 : 1);
    if (lost || this.#isCut(exchange.from, exchange.to)) {
      this.#world.record(`lose ${exchange.label}`);
      return;
    }
    for (const delayMs of delays) {
      this.#world.schedule(delayMs, `arrive ${exchange.label}`, () => this.#arrive(exchange));
    }
  }

  #arrive(exchange: Exchange): void {
    const { from, to, label, request } = exchange;
    if (this.#isCut(from, to)) {
      this.#world.record(`cut ${label}`);
      return;
    }
    const process = to.process;
    const handler = process?.handlerAt(exchange.port);
    if (!process?.alive || !handler) {
      const refused = new NetworkError("refused", `${label}: nobody listens at ${request.origin}`);
      this.#sendBack(exchange, "refuse", () => exchange.fail(refused));
      return;
    }
    handler({ ...request, remoteAddress: from.address }).then(
      (response) => {
        if (process.alive) this.#sendBack(exchange, "answer", () => exchange.answer(response));
      },
      (error: unknown) => {
        if (process.alive) this.#world.fail(error);
      },
    );
  }

  #sendBack(exchange: Exchange, kind: string, deliver: () => void): void {
    const { from, to } = exchange;
    const label = `${kind} ${exchange.label}`;
    const lost = this.#draws.chance(this.faults.replyLossPercent);
    const delayMs = this.#delay();
    if (lost || this.#isCut(to, from)) {
      this.#world.record(`lose ${label}`);
      return;
    }
    this.#world.schedule(delayMs, label, () => {
      if (this.#isCut(to, from)) this.#world.record(`cut ${label}`);
      else deliver();
    });
  }

  #delay(): number {
    return this.#draws.integer(this.faults.delayMinMs, this.faults.delayMaxMs);
  }

  #isCut(from: SimulatedHost, to: SimulatedHost): boolean {
    return [...this.#partitions].some((cut) => cut.from.has(from.name) && cut.to.has(to.name));
  }

  #targetOf({ origin, connectTo }: HttpRequest): { host: SimulatedHost; port: number } | undefined {
    const url = URL.parse(origin);
    const host = url ? this.#hostOf(connectTo ?? url.hostname) : undefined;
    return url && host ? { host, port: Number(url.port || 80) } : undefined;
  }

  #hostOf(nameOrAddress: string): SimulatedHost | undefined {
    return this.#world.hosts.find(
      ({ name, address }) => address === nameOrAddress || name === nameOrAddress,
    );
  }
}

/** The same refusals as the real network's. */
function disbelief(request: HttpRequest, response: HttpResponse): NetworkError | undefined {
  if (response.status >= 300 && response.status < 400) {
    return new NetworkError("redirected", `${request.origin} redirects`);
  }
  if (new TextEncoder().encode(response.body).length > request.responseBytesMax) {
    return new NetworkError("too_large", `${request.origin} answers too much`);
  }
  return undefined;
}
