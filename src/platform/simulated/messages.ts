import { type HttpRequest, type HttpResponse, NetworkError } from "../network.ts";
import { ipLiteral } from "./addresses.ts";
import type { Barriers } from "./barriers.ts";
import type { SimulatedHost } from "./host.ts";
import type { Names } from "./names.ts";
import type { Prng } from "./prng.ts";
import type { SimulatedProcess } from "./process.ts";
import { type Balancer, hostAt, type Route, type Topology } from "./topology.ts";
import type { SimulatedWorld } from "./world.ts";

/** A request, as seen by its receiver. */
export interface IncomingRequest extends HttpRequest {
  readonly remoteAddress: string;
}

export type RequestHandler = (request: IncomingRequest) => Promise<HttpResponse>;

/** Fault rates of messages, in percent, and their delays. */
export interface NetworkFaults {
  requestLossPercent: number;
  replyLossPercent: number;
  /** Requests that arrive twice; the copy up to `copyDelayMaxMs` late, long after its answer. */
  duplicatePercent: number;
  copyDelayMaxMs: number;
  /** One-way delay. A wide range reorders messages. */
  delayMinMs: number;
  delayMaxMs: number;
}

/** How long a system waits for ARP before it reports a host as unreachable (Linux: 3 s). */
const NOBODY_AFTER_MS = 3000;

/** The sender: a process with its thread, or a program without cost. */
export interface Caller {
  readonly host: SimulatedHost;
  readonly process: SimulatedProcess | undefined;
}

interface Exchange {
  readonly caller: Caller;
  readonly from: SimulatedHost;
  readonly to: SimulatedHost;
  readonly route: Route;
  readonly port: number;
  readonly request: HttpRequest;
  readonly label: string;
  readonly answer: (response: HttpResponse) => void;
  readonly fail: (error: NetworkError) => void;
}

/** Requests and answers in transit. Faults are drawn from the world's seed. */
export class Messages {
  readonly faults: NetworkFaults = {
    requestLossPercent: 0,
    replyLossPercent: 0,
    duplicatePercent: 0,
    copyDelayMaxMs: 5,
    delayMinMs: 1,
    delayMaxMs: 5,
  };

  readonly #world: SimulatedWorld;
  readonly #topology: Topology;
  readonly #names: Names;
  readonly #barriers: Barriers;
  readonly #draws: Prng;
  /** Number of choices of each balancer. */
  readonly #turns = new Map<Balancer, number>();

  constructor(
    world: SimulatedWorld,
    parts: {
      readonly topology: Topology;
      readonly names: Names;
      readonly barriers: Barriers;
    },
  ) {
    this.#world = world;
    this.#topology = parts.topology;
    this.#names = parts.names;
    this.#barriers = parts.barriers;
    this.#draws = world.stream("network");
  }

  /** A random delay of a message. */
  delayMs(): number {
    return this.#draws.integer(this.faults.delayMinMs, this.faults.delayMaxMs);
  }

  exchange(caller: Caller, request: HttpRequest): Promise<HttpResponse> {
    const { host: from } = caller;
    return new Promise((resolve, reject) => {
      const { target, port } = this.#targetOf(request);
      const route = target === undefined ? "offline" : this.#topology.route(from, target);
      const to = typeof route === "object" ? this.#receiver(route, from, port) : undefined;
      const label = `${from.name}>${to?.name ?? "?"} ${request.method} ${request.path}`;
      let ended = false;
      // The caller's thread handles it when it gets to it; the first result counts.
      const tell = (settle: () => void) =>
        this.#onThreadOf(caller, () => {
          if (ended) return;
          ended = true;
          cancelTimeout();
          settle();
        });
      const cancelTimeout = this.#world.schedule(request.timeoutMs, `timeout ${label}`, () => {
        const late = new NetworkError("timeout", `${label}: no answer in ${request.timeoutMs} ms`);
        tell(() => reject(late));
      });
      const fail = (error: NetworkError) => tell(() => reject(error));
      const answer = (response: HttpResponse) => {
        const failure = disbelief(request, response);
        tell(() => (failure ? reject(failure) : resolve(response)));
      };
      if (typeof route === "object" && to) {
        this.#sendRequest({ caller, from, to, route, port, request, label, answer, fail });
      } else {
        this.#failToConnect(label, request, route, fail);
      }
    });
  }

  /** There is no route, or no listener. */
  #failToConnect(
    label: string,
    { origin }: HttpRequest,
    route: Route | "offline" | undefined,
    fail: (error: NetworkError) => void,
  ): void {
    const refused = typeof route === "object";
    const error = new NetworkError(
      refused ? "refused" : "unreachable",
      `${label}: ${refused ? "nobody listens at" : "no way to"} ${origin}`,
    );
    const delayMs = route === undefined ? NOBODY_AFTER_MS : this.delayMs();
    this.#world.schedule(delayMs, `refuse ${label}`, () => fail(error));
  }

  #sendRequest(exchange: Exchange): void {
    const { from, to, label, request } = exchange;
    const lost = this.#draws.chance(this.faults.requestLossPercent);
    const doubled = this.#draws.chance(this.faults.duplicatePercent);
    const copyDelayMs = this.#draws.integer(this.faults.delayMinMs, this.faults.copyDelayMaxMs);
    const delays = [this.delayMs(), copyDelayMs].slice(0, doubled ? 2 : 1);
    const wall = this.#barriers.wallBetween(from, to);
    if (lost || wall === "silence" || this.#barriers.isCut(from, to)) {
      this.#world.record(`lose ${label}`);
      return;
    }
    if (wall === "refusal") {
      const refused = new NetworkError("refused", `${label}: ${request.origin} forbids it`);
      this.#sendBack(exchange, "refuse", () => exchange.fail(refused));
      return;
    }
    for (const delayMs of delays) {
      this.#world.schedule(delayMs, `arrive ${label}`, () => this.#arrive(exchange));
    }
  }

  #arrive(exchange: Exchange): void {
    const { from, to, route, label, request } = exchange;
    if (this.#isBroken(route, from, to)) {
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
    const { onConnected } = request;
    if (onConnected) {
      this.#world.schedule(this.faults.delayMinMs, `connect ${label}`, () => {
        this.#onThreadOf(exchange.caller, onConnected);
      });
    }
    process.thread.run(this.#world.costs.requestMs(request.path), () => {
      handler({ ...request, remoteAddress: route.seenAs }).then(
        (response) => {
          if (process.alive) this.#sendBack(exchange, "answer", () => exchange.answer(response));
        },
        (error: unknown) => {
          if (process.alive) this.#world.fail(error);
        },
      );
    });
  }

  #sendBack(exchange: Exchange, kind: string, deliver: () => void): void {
    const { from, to, route } = exchange;
    const label = `${kind} ${exchange.label}`;
    const lost = this.#draws.chance(this.faults.replyLossPercent);
    const delayMs = this.delayMs();
    if (lost || this.#isBroken(route, to, from)) {
      this.#world.record(`lose ${label}`);
      return;
    }
    this.#world.schedule(delayMs, label, () => {
      if (this.#isBroken(route, to, from)) this.#world.record(`cut ${label}`);
      else deliver();
    });
  }

  #isBroken(route: Route, from: SimulatedHost, to: SimulatedHost): boolean {
    return this.#barriers.isCut(from, to) || !route.stands();
  }

  #onThreadOf({ process }: Caller, run: () => void): void {
    if (process) process.thread.run(this.#world.costs.eventMs, run);
    else run();
  }

  /** The host that answers; none for the address of a NAT, or if no member runs. */
  #receiver({ owner }: Route, from: SimulatedHost, port: number): SimulatedHost | undefined {
    if (owner === "self") return from;
    if (!("members" in owner)) return hostAt(owner);
    const running = owner.members.filter(({ process }) => process?.handlerAt(port));
    const turn = this.#turns.get(owner) ?? 0;
    this.#turns.set(owner, turn + 1);
    return running[turn % Math.max(1, running.length)];
  }

  /** The IP literal of a request's destination; undefined for an unknown name. */
  #targetOf({ origin, connectTo }: HttpRequest): { target: string | undefined; port: number } {
    const url = URL.parse(origin);
    const port = Number(url?.port || 80);
    const host = connectTo ?? url?.hostname ?? "";
    return { target: ipLiteral(host) ? host : this.#names.addressesOf(host)?.[0], port };
  }
}

/** The same refusals as the real network's. */
function disbelief(request: HttpRequest, response: HttpResponse): NetworkError | undefined {
  if (response.status >= 300 && response.status < 400) {
    return new NetworkError("redirected", `${request.origin} redirects`);
  }
  if (Buffer.byteLength(response.body) > request.responseBytesMax) {
    return new NetworkError("too_large", `${request.origin} answers too much`);
  }
  return undefined;
}
