import { messageOf } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import { Endpoint } from "../http/endpoint.ts";
import type { EtcdAccess } from "./access.ts";
import {
  complaintOf,
  EtcdError,
  etcdError,
  failureOf,
  isOfOneMember,
  unreachable,
} from "./errors.ts";
import { Fields } from "./fields.ts";

/** Makes a member without a leader report that at once, also for a running watch. */
const HEADERS = { "grpc-metadata-hasleader": "true" } as const;

interface Member {
  readonly origin: string;
  readonly endpoint: Endpoint;
}

/**
 * The JSON gateway of etcd 3.4 and later: every request is a POST, bytes are base64. Members are
 * tried in turn, beginning with the one that answered last.
 */
export class EtcdClient {
  readonly #access: EtcdAccess;
  readonly #attemptMs: number;
  readonly #members: readonly Member[];
  #at = 0;
  /** Empty if none is needed; undefined if that is not known. */
  #token: string | undefined;

  /**
   * @param attemptMs how long one member may take. A healthy one takes milliseconds; one without a
   * leader would take seven seconds to say so, and a frozen one never answers.
   */
  constructor(access: EtcdAccess, attemptMs: number) {
    this.#access = access;
    this.#attemptMs = attemptMs;
    const { endpoints, tls } = access;
    this.#members = endpoints.map((origin) => ({
      origin,
      endpoint: new Endpoint({ origin, headers: HEADERS, ...(tls && { tls }) }),
    }));
    this.#token = access.user === undefined ? "" : undefined;
  }

  /** The member that is asked first. */
  get origin(): string {
    return this.#member().origin;
  }

  /**
   * The answer to a request that may be repeated. Rejects with EtcdError or NetworkError; then it
   * is unknown whether the request took effect.
   */
  async ask(path: string, body: unknown, signal?: AbortSignal): Promise<Fields> {
    const failures: unknown[] = [];
    for (let attempt = 0; attempt < this.#members.length; attempt++) {
      const member = this.#member();
      try {
        return await this.#withToken(member, (token) =>
          this.#send(member, path, body, token, signal),
        );
      } catch (error) {
        if (signal?.aborted || !isOfOneMember(error)) throw error;
        failures.push(error);
        this.#leave(member);
      }
    }
    // The error of a member that answered is better than that of an absent one.
    throw failures.find((error) => error instanceof EtcdError) ?? failures[0];
  }

  /**
   * The answers of a watch, until it is aborted or the server ends it. Rejects like {@link ask} if
   * it is refused or cancelled, or its member is lost.
   */
  watch(create: unknown, signal: AbortSignal, onResult: (result: Fields) => void): Promise<void> {
    const member = this.#member();
    const watching = this.#withToken(member, (token) =>
      this.#follow(member, { create_request: create }, token, signal, onResult),
    );
    return watching.catch((error: unknown) => {
      if (signal.aborted) return;
      if (isOfOneMember(error)) this.#leave(member);
      throw error;
    });
  }

  #member(): Member {
    const member = this.#members[this.#at];
    if (member === undefined) throw new Error("no member of etcd is configured");
    return member;
  }

  /** The next member is asked from now on, unless another request has already switched. */
  #leave(member: Member): void {
    if (this.#members[this.#at] === member) this.#at = (this.#at + 1) % this.#members.length;
  }

  /** Tokens end by time, at a restart, and at each change of the users. */
  async #withToken<T>(member: Member, task: (token: string) => Promise<T>): Promise<T> {
    const { user, password = "" } = this.#access;
    if (user === undefined) return task("");
    const known = this.#token;
    if (known !== undefined) {
      try {
        return await task(known);
      } catch (error) {
        if (!(error instanceof EtcdError) || !error.isAboutToken) throw error;
      }
    }
    this.#token = await this.#authenticate(member, { name: user, password });
    return task(this.#token);
  }

  async #authenticate(member: Member, body: unknown): Promise<string> {
    try {
      return (await this.#send(member, "/v3/auth/authenticate", body, "")).text("token");
    } catch (error) {
      // A user was given, but this etcd requires no authentication.
      if (error instanceof EtcdError && error.said.includes("not enabled")) return "";
      throw error;
    }
  }

  async #send(
    { origin, endpoint }: Member,
    path: string,
    body: unknown,
    token: string,
    signal?: AbortSignal,
  ): Promise<Fields> {
    const reply = await endpoint
      .ask({
        method: "POST",
        path,
        body,
        headers: authorization(token),
        timeoutMs: this.#attemptMs,
        ...(signal && { signal }),
      })
      .catch((error: unknown) => Promise.reject(this.#explained(error, origin)));
    const failure = failureOf(reply, this.#access, origin);
    if (failure) throw failure;
    return new Fields(reply.json);
  }

  async #follow(
    { origin, endpoint }: Member,
    body: unknown,
    token: string,
    signal: AbortSignal,
    onResult: (result: Fields) => void,
  ): Promise<void> {
    const ending = new AbortController();
    let complaint: EtcdError | undefined;
    const onValue = (value: unknown) => {
      const fields = new Fields(value);
      const found = complaintOf(fields);
      if (found === undefined) return onResult(fields.fields("result"));
      complaint ??= etcdError(found, this.#access, origin);
      ending.abort();
    };
    const request = {
      method: "POST",
      path: "/v3/watch",
      body,
      headers: authorization(token),
      timeoutMs: this.#attemptMs,
      signal: AbortSignal.any([signal, ending.signal]),
    } as const;
    const following = endpoint.follow(request, onValue);
    await following.catch((error: unknown) => {
      throw complaint ?? this.#explained(error, origin);
    });
    if (complaint !== undefined) throw complaint;
  }

  /** Errors other than NetworkError come from an unreadable certificate or key. */
  #explained(error: unknown, origin: string): Error {
    if (error instanceof NetworkError) return unreachable(error, this.#access, origin);
    const files = "TANKD_ETCD_CA_FILE, TANKD_ETCD_CERT_FILE and TANKD_ETCD_KEY_FILE";
    return new Error(`etcd at ${origin}: ${messageOf(error)} (check ${files})`);
  }
}

/** Without prefix: etcd 3.4 does not support `Bearer`. */
function authorization(token: string): Readonly<Record<string, string>> {
  return token === "" ? {} : { authorization: token };
}
