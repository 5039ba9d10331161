import { z } from "zod";
import type { Cluster } from "../cluster/cluster.ts";
import type { PeerReply } from "../cluster/peer-route.ts";
import { describeFirst } from "../platform/issue-words.ts";
import type { Responder } from "./responder.ts";
import {
  LOOK_ENTITIES_MAX,
  LOOK_PATH,
  type Look,
  type LookRequest,
  lookSchema,
  type PairKey,
  STATEMENT_PATH,
  type Statement,
  type StatementRequest,
  statementPageSchema,
} from "./statement.ts";
import { joinPages } from "./statement-pages.ts";

/** Further pages of one statement: 10 million fish. */
const PAGES_MAX = 500;

/** Asks nodes, this one included, what an audit needs. Each method rejects with the reason. */
export class Inquiry {
  readonly #cluster: Cluster;
  readonly #own: Responder;

  constructor(cluster: Cluster, own: Responder) {
    this.#cluster = cluster;
    this.#own = own;
  }

  async statement(nodeId: string, about: "everything" | "counts"): Promise<Statement> {
    if (nodeId === this.#cluster.nodeId) return this.#own.statement(about);
    const ask = (request: StatementRequest) =>
      this.#post(nodeId, STATEMENT_PATH, request, statementPageSchema);
    const first = await ask({ version: 1, about });
    const pages = [first];
    const { statement_id } = first;
    for (let page = 1; page < Math.min(first.pages, PAGES_MAX); page++) {
      pages.push(await ask({ version: 1, about, statement_id, page }));
    }
    const statement = joinPages(pages);
    if (statement?.node_id !== nodeId) throw new Error("it answers for another node");
    return statement;
  }

  /** Which transfers brought the entities there; with `places` also where they are. */
  async look(nodeId: string, entityIds: readonly string[], places: boolean): Promise<Look> {
    const looks: Look[] = [];
    for (let from = 0; from < entityIds.length; from += LOOK_ENTITIES_MAX) {
      const entity_ids = entityIds.slice(from, from + LOOK_ENTITIES_MAX);
      looks.push(await this.#lookOnce(nodeId, { version: 1, entity_ids, places }));
    }
    return {
      version: 1,
      node_id: nodeId,
      alive: looks.flatMap(({ alive }) => alive),
      escrow: looks.flatMap(({ escrow }) => escrow),
      accepted: looks.flatMap(({ accepted }) => accepted),
      kept: [],
    };
  }

  /** The delivered or accepted transfers of a pair whose rows that node still has. */
  async kept(nodeId: string, pair: PairKey): Promise<Look["kept"]> {
    return (await this.#lookOnce(nodeId, { version: 1, entity_ids: [], pair })).kept;
  }

  /** The fish of a tank that either its log or its transfers do not tell of. */
  async unmatched(nodeId: string, tank_id: string): Promise<Look["unmatched"]> {
    return (await this.#lookOnce(nodeId, { version: 1, entity_ids: [], tank_id })).unmatched;
  }

  #lookOnce(nodeId: string, request: LookRequest): Promise<Look> {
    if (nodeId === this.#cluster.nodeId) return this.#own.look(request);
    return this.#post(nodeId, LOOK_PATH, request, lookSchema);
  }

  async #post<T>(nodeId: string, path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    const reply = await this.#cluster.call(nodeId, "POST", path, body);
    if (reply.status !== 200) throw new Error(refusalIn(reply));
    const parsed = schema.safeParse(reply.body);
    if (parsed.success) return parsed.data;
    throw new Error(`its answer cannot be read: ${describeFirst(parsed.error)}`);
  }
}

const problemSchema = z.object({ detail: z.string().max(1_000) });

function refusalIn({ status, body }: PeerReply): string {
  if (status === 404) return "its version of tankd has no audit";
  const { detail } = problemSchema.safeParse(body).data ?? {};
  return detail === undefined ? `it answers with status ${status}` : detail.replace(/\.$/, "");
}
