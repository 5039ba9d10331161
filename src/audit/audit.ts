import { z } from "zod";
import type { PeerRoute } from "../cluster/peer-route.ts";
import type { AuditNote } from "../cluster/server-record.ts";

const findingSchema = z.object({
  fish_id: z.string().nullable().describe("Null where only the number is known"),
  count: z.number().int().positive(),
  what: z.string().describe("What shows it, in a sentence without its full stop"),
});
export type Finding = z.infer<typeof findingSchema>;

const serverSchema = z.object({
  node_id: z.string(),
  server_id: z.string(),
  reason: z.string(),
});
export type Unreachable = z.infer<typeof serverSchema>;

/** What an audit has found. */
export const auditSchema = z.object({
  ok: z.boolean().describe("Complete, and no fish is missing or double"),
  complete: z.boolean().describe("Every node has answered and every check was exact"),
  missing: z.array(findingSchema),
  double: z.array(findingSchema),
  in_escrow: z.number().int().describe("Fish on their way between two tanks"),
  alive: z.number().int().describe("Fish alive in the tanks of all nodes that have answered"),
  unreachable: z.array(serverSchema).describe("Nodes that have not answered, with the reason"),
  unsettled: z.array(z.string()).describe("What moved too fast to be checked"),
  notes: z.array(z.string()).describe("What cannot be checked for good"),
  nodes: z.number().int().describe("Nodes that have answered"),
  tanks: z.number().int(),
  pairs: z.number().int().describe("Pairs of tanks that were compared"),
  at: z.string().describe("When the audit began"),
  duration_ms: z.number().int(),
});
export type AuditResult = z.infer<typeof auditSchema>;

/** The proof that each fish is in exactly one place, over all nodes. */
export interface AuditService {
  /** From now on audits are made and answered: the tanks are recovered. */
  start(): void;
  stop(): void;
  /** The routes by which nodes ask each other. */
  routes(): readonly PeerRoute[];
  /** Audits the whole cluster. `fresh`: begun after this call; else one of late will do. */
  audit(options?: { readonly fresh?: boolean }): Promise<AuditResult>;
  /** The last audit of the whole cluster by this node. */
  readonly last: AuditResult | undefined;
  /** The last audit of its own tanks and pairs. */
  readonly note: AuditNote | undefined;
}
