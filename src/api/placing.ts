import { z } from "zod";
import { OrderLost } from "../cluster/admission/orders.ts";
import type { Wish } from "../cluster/placement/fit.ts";
import type { Candidate, Candidates } from "../cluster/placement/placement.ts";
import { BoundedMap } from "../platform/bounded-map.ts";
import { Problem, type ProblemCode } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import type { NewTank } from "../tanks/tanks.ts";
import type { ApiContext } from "./context.ts";
import type { CreatedTank } from "./created-tank.ts";
import { readReply } from "./orders.ts";
import { nameParameter } from "./router.ts";
import { type TankView, tankViewSchema } from "./tank-view.ts";

const labels = z.array(z.string().min(1).max(LIMITS.labelCharactersMax)).max(LIMITS.labelsMax);

/** Where a tank is to be created: fields of the request. */
export const whereSchema = {
  server_id: nameParameter
    .optional()
    .describe("A server, or `auto` for the least loaded one that fits; this node by default"),
  region: nameParameter.optional(),
  zone: nameParameter.optional(),
  tags: labels.optional().describe("All that it must have"),
  capabilities: labels.optional().describe("All that it must have"),
  resources: z
    .record(z.string(), z.union([z.number(), z.string(), z.boolean()]))
    .optional()
    .describe("Numbers are the least that it must have; anything else must be equal"),
};
export type Where = z.infer<z.ZodObject<typeof whereSchema>>;

export interface PlacingPorts extends Pick<ApiContext, "cluster"> {
  readonly createHere: (spec: NewTank) => Promise<TankView>;
}

/** Servers that a line for people names. */
const NAMED_MAX = 5;

/** Refusals of a server after which another one may take the tank. */
const ELSEWHERE: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  "not_trusted",
  "not_found",
  "too_many",
  "not_ready",
  "storage_unavailable",
  "directory_copied",
  "draining",
  "no_placement",
]);

/** Creates tanks on the servers that suit them. */
export class Placing {
  readonly #ports: PlacingPorts;
  /** Servers that may have created a tank without having answered, by the key of the request. */
  readonly #lost = new BoundedMap<string, string>(LIMITS.idempotencyKeysMax);

  constructor(ports: PlacingPorts) {
    this.#ports = ports;
  }

  /** @throws Problem `unknown_server`, `not_trusted`, `no_placement`, or the server's own */
  async create(spec: NewTank, where: Where, key: string | undefined): Promise<CreatedTank> {
    if (Object.values(where).every((given) => given === undefined)) {
      return this.#ports.createHere(spec);
    }
    const candidates = this.#candidates(spec, where, key);
    const notes: string[] = [];
    let last = new Problem("no_placement", nowhere(candidates));
    for (const candidate of candidates.fitting) {
      const { server_id } = candidate;
      const made = await this.#attempt(candidate, spec, key);
      if (!(made instanceof Problem)) {
        const reason = [reasonOf(candidate, candidates, where), ...notes].join("; ");
        return { ...made, placement: { server_id, reason } };
      }
      last = made;
      if (!mayBeElsewhere(made)) break;
      notes.push(`${server_id} did not take it`);
    }
    throw last;
  }

  /** @throws Problem `unknown_server`, `not_trusted`, `no_placement` */
  #candidates(spec: NewTank, { server_id, ...conditions }: Where, key = ""): Candidates {
    const { placement } = this.#ports.cluster;
    const wish: Wish = { fish: spec.fish, ...conditions };
    // It may have the tank already, which the same request does not create twice.
    const before = this.#lost.get(key);
    if (before !== undefined) return placement.candidates(wish, (one) => one.node_id === before);
    if (server_id === undefined || server_id === "auto") return placement.candidates(wish);
    const nodeId = this.#nodeOf(server_id);
    return placement.candidates(wish, (one) => one.node_id === nodeId);
  }

  #nodeOf(asked: string): string {
    const { cluster } = this.#ports;
    const server = cluster.server(asked);
    if (server === undefined) throw new Problem("unknown_server", `There is no server ${asked}`);
    const { node_id, api_url } = server;
    if (node_id === null) {
      throw new Problem("no_placement", `${asked} is not a tankd node: it hosts no tanks`);
    }
    if (node_id !== cluster.nodeId && !cluster.orders.mayGive) {
      throw cluster.orders.refusal(asked, api_url);
    }
    return node_id;
  }

  async #attempt(
    { node_id, is_local }: Candidate,
    spec: NewTank,
    key: string | undefined,
  ): Promise<TankView | Problem> {
    const { createHere, cluster } = this.#ports;
    const reservation = cluster.placement.reserve(node_id, spec.fish);
    try {
      const made = is_local ? await createHere(spec) : await this.#order(node_id, spec, key);
      // Its own record counts it already.
      if (is_local) reservation.release();
      else reservation.placed(made.tank);
      return made;
    } catch (error) {
      reservation.release();
      if (!(error instanceof Problem)) throw error;
      return error;
    }
  }

  async #order(nodeId: string, spec: NewTank, key: string | undefined): Promise<TankView> {
    const body = { ...spec, server_id: nodeId };
    const order = { method: "POST", path: "/api/tanks", body } as const;
    if (key !== undefined) this.#lost.set(key, nodeId);
    const reply = await this.#ports.cluster.orders.give(
      nodeId,
      key === undefined ? order : { ...order, idempotency_key: key },
    );
    if (key !== undefined) this.#lost.delete(key);
    return readReply(tankViewSchema, reply);
  }
}

/** Whether another server may be tried: this one has certainly not created the tank. */
function mayBeElsewhere(problem: Problem): boolean {
  return problem instanceof OrderLost ? !problem.mayHaveArrived : ELSEWHERE.has(problem.code);
}

function reasonOf(candidate: Candidate, { fitting, unfit }: Candidates, where: Where): string {
  if (where.server_id !== undefined && where.server_id !== "auto") return "as asked";
  if (fitting.length === 1) {
    const others = unfit.slice(0, NAMED_MAX).map(({ server_id, why }) => `${server_id} ${why}`);
    return ["the only server that fits", ...others].join("; ");
  }
  const rank = candidate === fitting[0] ? "the least loaded" : "the next";
  const named = fitting.slice(0, NAMED_MAX);
  const loads = named.map(({ server_id, load }) => `${server_id} ${Math.round(load)}`).join(", ");
  return `${rank} of ${fitting.length} that fit, by fish a core with it: ${loads}`;
}

function nowhere({ unfit }: Candidates): string {
  const why = unfit.slice(0, NAMED_MAX).map(({ server_id, why }) => `${server_id} ${why}`);
  const more = unfit.length > NAMED_MAX ? `; and ${unfit.length - NAMED_MAX} others` : "";
  return `No server can take the tank: ${why.join("; ")}${more}`;
}
