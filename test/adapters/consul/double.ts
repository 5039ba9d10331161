import { Access, type AccessOptions, type Caller } from "./double/access.ts";
import { type KeyWrite, Locks } from "./double/locks.ts";
import { readService } from "./double/service-definition.ts";
import { passingOf, Services, type Status } from "./double/services.ts";
import { type DoublePorts, ServerState } from "./double/state.ts";
import { parseBool, Refusal, type Reply } from "./double/wire.ts";

/** A request as it comes over HTTP. */
export interface DoubleRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly token: string | undefined;
  readonly body: string;
  /** Aborts when the client goes away. */
  readonly signal?: AbortSignal | undefined;
}

interface Call extends DoubleRequest {
  readonly params: URLSearchParams;
  readonly caller: Caller;
  /** What follows the route in the path. */
  readonly rest: string;
}

interface Route {
  readonly path: string;
  readonly methods: readonly string[];
  /** Answered by the servers and not by the agent: not without a leader. */
  readonly needsLeader?: true;
  handle(call: Call): Reply | Promise<Reply>;
}

/**
 * An agent of Consul with a server in it, as its API is documented (developer.hashicorp.com/consul/
 * api-docs: agent/service, agent/check, health, kv, session, features/blocking), with what it
 * refuses and in which words. In place of the real one, which the tests cannot install. It keeps
 * what tankd uses: TTL checks, no other kinds; one datacenter, one node.
 */
export class ConsulDouble {
  readonly services: Services;
  readonly locks: Locks;
  readonly state: ServerState;
  hasLeader = true;
  access: Access = new Access(undefined);
  readonly #routes: readonly Route[];

  constructor(ports: DoublePorts) {
    this.state = new ServerState(ports);
    this.services = new Services(this.state);
    this.locks = new Locks(this.state);
    this.#routes = [
      ...this.#agentRoutes(),
      ...this.#statusRoutes(),
      ...this.#sessionRoutes(),
      ...this.#otherRoutes(),
    ];
  }

  /** Access control lists: from now on tokens count. */
  control(options: AccessOptions): void {
    this.access = new Access(options);
  }

  electLeader(): void {
    this.hasLeader = true;
    this.locks.restartTimers();
  }

  /** An older snapshot is restored. */
  restore(): void {
    this.services.restore(4);
    this.state.goBackTo(5);
  }

  async handle(request: DoubleRequest): Promise<Reply> {
    try {
      return await this.#dispatch(request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return plain(error.status, error.message);
    }
  }

  async #dispatch(request: DoubleRequest): Promise<Reply> {
    const url = new URL(request.path, "http://double");
    const path = decodeURIComponent(url.pathname);
    const route = this.#routes.find((one) =>
      one.path.endsWith("/") ? path.startsWith(one.path) : path === one.path,
    );
    if (!route) return plain(404, "");
    if (!route.methods.includes(request.method)) {
      const reply = plain(405, `method ${request.method} not allowed`);
      return { ...reply, headers: { ...reply.headers, allow: route.methods.join(",") } };
    }
    if (route.needsLeader && !this.hasLeader) throw new Refusal(500, "No cluster leader");
    const { searchParams: params } = url;
    const caller = this.access.callerOf(params.get("token") || request.token);
    return route.handle({ ...request, params, caller, rest: path.slice(route.path.length) });
  }

  #agentRoutes(): readonly Route[] {
    const { services } = this;
    const statusRoute = (verb: string, status: Status): Route => ({
      path: `/v1/agent/check/${verb}/`,
      methods: ["PUT"],
      handle: ({ rest, params, caller }) => {
        const name = services.nameOfCheck(rest);
        if (name !== undefined) caller.need("service:write", name);
        services.setStatus(rest, status, params.get("note") ?? "");
        return empty();
      },
    });
    return [
      statusRoute("pass", "passing"),
      statusRoute("warn", "warning"),
      statusRoute("fail", "critical"),
      {
        path: "/v1/agent/service/register",
        methods: ["PUT"],
        handle: ({ body, caller }) => {
          const definition = readService(body);
          caller.need("service:write", definition.name);
          services.register(definition);
          return empty();
        },
      },
      {
        path: "/v1/agent/service/deregister/",
        methods: ["PUT"],
        handle: ({ rest, caller }) => {
          const name = services.nameOf(rest);
          if (name !== undefined) caller.need("service:write", name);
          services.deregister(rest);
          return empty();
        },
      },
      {
        path: "/v1/agent/service/maintenance/",
        methods: ["PUT"],
        handle: ({ rest, params, caller }) => {
          const enable = parseBool(params.get("enable") ?? "");
          if (rest === "") throw new Refusal(400, "Missing service ID");
          if (enable === undefined) throw new Refusal(400, "Missing value for enable");
          caller.need("service:write", services.nameOf(rest) ?? "");
          services.setMaintenance(rest, enable ? (params.get("reason") ?? "") : undefined);
          return empty();
        },
      },
      {
        path: "/v1/agent/services",
        methods: ["GET"],
        handle: () => json(services.agentServices()),
      },
      { path: "/v1/agent/checks", methods: ["GET"], handle: () => json(services.agentChecks()) },
      {
        path: "/v1/agent/self",
        methods: ["GET"],
        handle: ({ caller }) => {
          caller.need("agent:read", "double");
          const config = { Datacenter: "dc1", NodeName: "double", Server: true, Version: "1.20.0" };
          return json({ Config: config, Member: { Name: "double", Addr: "127.0.0.1" }, Meta: {} });
        },
      },
    ];
  }

  #statusRoutes(): readonly Route[] {
    return [
      {
        path: "/v1/status/leader",
        methods: ["GET"],
        handle: () => json(this.hasLeader ? "127.0.0.1:8300" : ""),
      },
      {
        path: "/v1/health/service/",
        methods: ["GET"],
        needsLeader: true,
        handle: (call) => this.#health(call),
      },
    ];
  }

  async #health({ rest, params, caller, signal, token }: Call): Promise<Reply> {
    if (rest === "") throw new Refusal(400, "Missing service name");
    const passing = params.get("passing");
    const onlyPassing = passing === "" ? true : parseBool(passing ?? "false");
    if (onlyPassing === undefined) throw new Refusal(400, "Invalid value for ?passing");
    const find = () => this.services.entries(rest);
    const { index, value } = await this.state.blocking(params, `service/${rest}`, find, signal);
    const mayRead = caller.may("service:read") && caller.may("node:read");
    const listed = !mayRead ? [] : onlyPassing ? passingOf(value) : value;
    // Only who has a token is told that something was left out.
    const isTold = !mayRead && value.length > 0 && token !== undefined;
    return this.#answer(
      index,
      listed,
      isTold ? { "x-consul-results-filtered-by-acls": "true" } : {},
    );
  }

  #sessionRoutes(): readonly Route[] {
    const { locks } = this;
    const route = (path: string, handle: (call: Call) => Reply): Route => ({
      path: `/v1/session/${path}`,
      methods: ["PUT"],
      needsLeader: true,
      handle: (call) => {
        call.caller.need("session:write", "double");
        return handle(call);
      },
    });
    return [
      route("create", ({ body }) => json({ ID: locks.create(body) })),
      route("destroy/", ({ rest }) => {
        locks.destroy(rest);
        return json(true);
      }),
      route("renew/", ({ rest }) => {
        const renewed = locks.renew(rest);
        return renewed === undefined ? plain(404, `Session id '${rest}' not found`) : json(renewed);
      }),
      {
        path: "/v1/session/info/",
        methods: ["GET"],
        needsLeader: true,
        handle: ({ rest }) => this.#answer(this.state.index, locks.info(rest)),
      },
    ];
  }

  #otherRoutes(): readonly Route[] {
    return [
      {
        path: "/v1/kv/",
        methods: ["GET", "PUT", "DELETE"],
        needsLeader: true,
        handle: (call) => this.#key(call),
      },
      {
        path: "/",
        methods: ["GET"],
        handle: ({ rest }) => plain(rest ? 404 : 200, "Consul Agent"),
      },
    ];
  }

  async #key({ method, rest, params, body, caller, signal }: Call): Promise<Reply> {
    if (method === "GET") {
      caller.need("key:read", rest);
      const find = () => this.locks.get(rest);
      const { index, value } = await this.state.blocking(params, `kv/${rest}`, find, signal);
      if (value === undefined) return { ...this.#answer(index, null), status: 404, body: "" };
      return this.#answer(index, [value]);
    }
    caller.need("key:write", rest);
    if (method === "DELETE") {
      this.locks.delete(rest);
      return json(true);
    }
    if (params.has("cas")) throw new Refusal(501, "the double knows no cas");
    const conflicting = ["acquire", "release"].filter((flag) => params.has(flag));
    if (conflicting.length > 1) throw new Refusal(400, `Conflicting flags: ${params}\n`);
    return json(this.locks.put(rest, body, BigInt(params.get("flags") ?? 0), writeOf(params)));
  }

  #answer(index: number, value: unknown, more: Reply["headers"] = {}): Reply {
    const reply = json(value);
    const meta = { "x-consul-index": String(index), "x-consul-knownleader": "true" };
    const headers = { ...reply.headers, ...meta, "x-consul-lastcontact": "0", ...more };
    return { ...reply, headers };
  }
}

function writeOf(params: URLSearchParams): KeyWrite {
  const acquire = params.get("acquire");
  if (acquire !== null) return { kind: "acquire", session: acquire };
  const release = params.get("release");
  return release === null ? { kind: "set", session: "" } : { kind: "release", session: release };
}

function json(value: unknown): Reply {
  const headers = { "content-type": "application/json", vary: "Accept-Encoding" };
  const mark = (_: string, one: unknown) => (typeof one === "bigint" ? `uint64 ${one}` : one);
  // Flags are 64 bits, more than a number of JavaScript holds.
  const body = JSON.stringify(value, mark).replace(/"uint64 (\d+)"/g, "$1");
  return { status: 200, headers, body };
}

function plain(status: number, body: string): Reply {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

function empty(): Reply {
  return { status: 200, headers: { vary: "Accept-Encoding" }, body: "" };
}
