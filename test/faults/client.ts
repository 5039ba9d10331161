import { z } from "zod";
import { tankViewSchema } from "../../src/api/tank-view.ts";

const tanksSchema = z.object({ tanks: z.array(tankViewSchema), count: z.number() });
const problemSchema = z.object({ type: z.string(), status: z.number(), detail: z.string() });
export type Problem = z.infer<typeof problemSchema>;

/**
 * What a node says to a change. `lost`: it said nothing whole, so that either may have happened.
 */
export type Answer =
  | { readonly kind: "done"; readonly body: unknown }
  | { readonly kind: "refused"; readonly problem: Problem }
  | { readonly kind: "lost" };

/** The API of one life of a node, with its control token. */
export class Client {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  async change(method: "POST" | "DELETE", path: string, body?: unknown): Promise<Answer> {
    try {
      const response = await fetch(this.url + path, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer: unknown = await response.json();
      if (response.ok) return { kind: "done", body: answer };
      return { kind: "refused", problem: problemSchema.parse(answer) };
    } catch {
      return { kind: "lost" };
    }
  }

  /** Status and body of a read. */
  async read(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await fetch(this.url + path);
    return { status: response.status, body: await response.json() };
  }

  async tanks(): Promise<z.infer<typeof tanksSchema>["tanks"]> {
    const { body } = await this.read("/api/tanks");
    return tanksSchema.parse(body).tanks;
  }

  /** The checks of /ready that fail, e.g. `storage`; empty when it is ready. */
  async unready(): Promise<readonly string[]> {
    const { status, body } = await this.read("/ready?verbose");
    if (status === 200) return [];
    const schema = z.object({ checks: z.array(z.object({ name: z.string(), ok: z.boolean() })) });
    return schema.parse(body).checks.flatMap(({ name, ok }) => (ok ? [] : [name]));
  }
}
