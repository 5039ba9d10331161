import type { Server } from "bun";

export interface Asked {
  readonly path: string;
  readonly body: unknown;
  readonly token: string | null;
}

/** A server in the place of etcd, for what a real one does not do when it is asked to. */
export class Double {
  readonly asked: Asked[] = [];
  readonly #server: Server<undefined>;

  constructor(answer: (asked: Asked) => Response | Promise<Response>) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        const asked = {
          path: new URL(request.url).pathname,
          body: await request.json().catch(() => undefined),
          token: request.headers.get("authorization"),
        };
        this.asked.push(asked);
        return answer(asked);
      },
    });
  }

  get origin(): string {
    return this.#server.url.origin;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

export const HEADER = { cluster_id: "7", member_id: "1", revision: "5", raft_term: "2" };

export function json(body: unknown, status = 200): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { "content-type": "application/json" },
  });
}

/** An answer that never comes. */
export function silence(): Promise<Response> {
  return new Promise(() => {});
}
