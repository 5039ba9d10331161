import type { z } from "zod";

type Method = "GET" | "POST" | "DELETE";

/** How a node is reached, and with which control token. Read at each request: both may change. */
export interface Reach {
  readonly url: string;
  readonly token: string;
  /** A process that passes requests on to the URL's host (window.ts), for another namespace. */
  readonly window?: string;
}

/** The HTTP API of a node. */
export class NodeApi {
  readonly #reach: Reach;

  constructor(reach: Reach) {
    this.#reach = reach;
  }

  /** Any request with any answer; without the token. */
  async fetch(
    method: Method,
    path: string,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const { url, window } = this.#reach;
    const own = body === undefined ? {} : { "content-type": "application/json" };
    const request = { method, ...(body === undefined ? {} : { body }) };
    if (window === undefined) {
      return fetch(url + path, { ...request, headers: { ...headers, ...own } });
    }
    const machine = { "x-machine": new URL(url).host };
    return fetch(`http://window${path}`, {
      ...request,
      unix: window,
      headers: { ...headers, ...own, ...machine },
    });
  }

  /** A read that must succeed. */
  async text(path: string): Promise<string> {
    return bodyOf(await this.fetch("GET", path), `GET ${path}`);
  }

  /** A read that must succeed, read by its schema. */
  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return schema.parse(JSON.parse(await this.text(path)));
  }

  /** A change with the control token; any answer is one. */
  send(method: "POST" | "DELETE", path: string, body?: unknown): Promise<Response> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return this.fetch(method, path, text, { authorization: `Bearer ${this.#reach.token}` });
  }

  /** A change that must succeed; returns the JSON of the answer, undefined where it has none. */
  async change(method: "POST" | "DELETE", path: string, body?: unknown): Promise<unknown> {
    const text = await bodyOf(await this.send(method, path, body), `${method} ${path}`);
    return text === "" ? undefined : JSON.parse(text);
  }
}

async function bodyOf(response: Response, what: string): Promise<string> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${what}: ${response.status} ${text}`);
  return text;
}
