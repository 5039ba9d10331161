import type { EndpointReply, EndpointRequest } from "../../../../src/adapters/http/endpoint.ts";
import { NetworkError } from "../../../../src/platform/network.ts";
import { sleep, type Timers } from "../../../../src/platform/timers.ts";
import type { ConsulDouble } from "../double.ts";
import type { Reply } from "./wire.ts";

/** Blocking queries take minutes, and Bun closes what is silent for ten seconds. */
const NO_IDLE_TIMEOUT = 0;

/** The double at a port of this machine, on loopback unless told otherwise, or at a socket. */
export function serveDouble(
  double: ConsulDouble,
  place: { readonly unix: string } | { readonly port: number; readonly hostname?: string } = {
    port: 0,
  },
): { readonly address: string; stop(): Promise<void> } {
  const fetch = async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    const { status, headers, body } = await double.handle({
      method: request.method,
      path: pathname + search,
      token: request.headers.get("x-consul-token") ?? undefined,
      body: await request.text(),
      signal: request.signal,
    });
    return new Response(body, { status, headers });
  };
  const server =
    "unix" in place
      ? Bun.serve({ unix: place.unix, fetch })
      : Bun.serve({ hostname: "127.0.0.1", ...place, idleTimeout: NO_IDLE_TIMEOUT, fetch });
  const address = "unix" in place ? `unix://${place.unix}` : `${server.hostname}:${server.port}`;
  return { address, stop: () => server.stop(true) };
}

/** The way to the double within one process, by simulated time, and what may happen on it. */
export class Wire {
  readonly #timers: Timers;
  readonly #token: string | undefined;
  double: ConsulDouble;
  /** `refuses`: nobody listens. `swallows`: requests arrive, answers do not. */
  state: "open" | "refuses" | "hangs" | "swallows" = "open";
  /** How long a request, or its answer, is on its way. */
  latencyMs: () => number = () => 0;
  /** In the place of the double's answer. */
  tamper: (request: EndpointRequest, reply: Reply) => Reply = (_, reply) => reply;
  /** Method and path of each request. */
  readonly asked: string[] = [];

  constructor(double: ConsulDouble, timers: Timers, token?: string) {
    this.double = double;
    this.#timers = timers;
    this.#token = token;
  }

  ask(request: EndpointRequest): Promise<EndpointReply> {
    this.asked.push(`${request.method} ${request.path}`);
    return new Promise((resolve, reject) => {
      const ended = new AbortController();
      const end = (finish: () => void) => {
        cancel();
        finish();
        ended.abort();
      };
      const fail = (failure: "timeout" | "refused" | "unreachable", reason?: string) =>
        end(() => reject(new NetworkError(failure, "no answer", reason)));
      const cancel = this.#timers.after(request.timeoutMs, () => fail("timeout"));
      if (request.signal?.aborted) return fail("unreachable", "given up");
      request.signal?.addEventListener("abort", () => fail("unreachable", "given up"));
      if (this.state === "refuses") return fail("refused");
      if (this.state === "hangs") return;
      void this.#carry(request, ended.signal).then((reply) => end(() => resolve(reply)));
    });
  }

  async #carry(request: EndpointRequest, signal: AbortSignal): Promise<EndpointReply> {
    const { method, path, body } = request;
    const content = body === undefined ? "" : JSON.stringify(body);
    const asked = { method, path, token: this.#token, body: content, signal };
    await this.#travel();
    const answered = await this.double.handle(asked);
    await this.#travel();
    const { status, headers, body: text } = this.tamper(request, answered);
    if (this.state !== "open") await new Promise(() => {});
    return { status, headers, text, json: parse(text) };
  }

  async #travel(): Promise<void> {
    const ms = this.latencyMs();
    if (ms > 0) await sleep(this.#timers, ms);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
