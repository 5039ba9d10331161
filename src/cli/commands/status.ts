import type { Command } from "commander";
import { z } from "zod";
import type { Move } from "../../api/move-view.ts";
import { isFine, noteWords } from "../../audit/note-words.ts";
import { hasRights, whyWithoutRights } from "../../cluster/rights.ts";
import { aloneSchema, backendSchema } from "../../cluster/routes/discovery-schemas.ts";
import {
  type AuditNote,
  auditNoteSchema,
  serverRecordSchema,
} from "../../cluster/server-record.ts";
import { linkWords } from "../../discovery/link-words.ts";
import { duration } from "../../platform/durations.ts";
import { messageOf } from "../../platform/errors.ts";
import type { CliContext } from "../context.ts";
import type { NodeClient } from "../node-access/client.ts";
import { askDrain, askLeaving } from "../node-access/moves.ts";
import { type Server, serversSchema } from "../node-access/servers.ts";
import { readAnswer } from "../output/answer.ts";
import { formatFields } from "../output/table.ts";
import { count } from "../output/words.ts";
import { descriptorCheck } from "./doctor/checks/machine.ts";

const leaseSchema = z.object({
  url: z.string(),
  state: z.string(),
  valid: z.boolean().nullish(),
  holder: z.string().nullish(),
  reason: z.string().nullish(),
  abstention: z.string().nullish(),
  stranger: z.object({ node_id: z.string(), lease: z.string().nullish() }).nullish(),
});

const hubSchema = z.object({
  server_id: z.string(),
  node_id: z.string().nullish(),
  api_url: z.string(),
});

/** `GET /api/servers/local`, as far as people look at it. */
export const localServerSchema = serverRecordSchema.extend({
  role_reason: z.string().nullish(),
  hub: hubSchema.nullish().catch(null),
  term: z.object({ counter: z.number() }).nullish(),
  lease: leaseSchema.nullish(),
  backends: z.array(backendSchema.omit({ nominations: true }).extend({ state: z.string() })),
  alone: aloneSchema.nullish(),
  audit: auditNoteSchema.nullish(),
  descriptors: z.object({ limit: z.number(), open: z.number() }).nullish(),
});

/** `tankd status`: this node in a few lines. */
export function defineStatus(status: Command, context: CliContext): void {
  status.action(async (_options: unknown, command: Command) => {
    const node = await context.node(command);
    const body = await node.get("/api/servers/local");
    if (context.wantsJson(command)) return context.printJson(body);
    const [notReady, outside, leaving, drain] = await Promise.all([
      whyNotReady(node),
      withoutRights(node),
      askLeaving(node),
      askDrain(node),
    ]);
    const more = { notReady, outside, leaving: [...leaving.values()], drain };
    const local = readAnswer(localServerSchema, body);
    const words = describe(context, node.url, local, more);
    context.print(context.asTyped(words));
  });
}

type LocalServer = z.infer<typeof localServerSchema>;

/** Why a node cannot do its work; undefined where it can. Never rejects. */
export async function whyNotReady(node: NodeClient): Promise<string | undefined> {
  try {
    await node.get("/ready");
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** The listed servers without rights. Never rejects. */
async function withoutRights(node: NodeClient): Promise<readonly Server[]> {
  const body = await node.get("/api/discovery/servers").catch(() => undefined);
  const { servers = [], strangers = [] } = serversSchema.safeParse(body).data ?? {};
  return [...servers.filter((server) => !hasRights(server)), ...strangers];
}

/** Names of servers without rights in one line; `tankd peers` has all of them. */
const NAMED_MAX = 5;

function auditLine(context: CliContext, note: AuditNote): string {
  const words = noteWords(note, context.host.clock.wallMs());
  return isFine(note) ? words : context.paint("red", `${words}; see tankd audit`);
}

function outsideLine(outside: readonly Server[]): string {
  const named = outside.slice(0, NAMED_MAX);
  const names = named.map((one) => `${one.server_id} (${whyWithoutRights(one)})`);
  const more = outside.length > named.length ? ", …" : "";
  return `${count(outside.length, "server")}: ${names.join(", ")}${more}`;
}

function leavingLine(leaving: readonly Move[]): string {
  const named = leaving.slice(0, NAMED_MAX).map((one) => `${one.name} to ${one.peer_server_id}`);
  return leaving.length > named.length ? `${named.join(", ")}, …` : named.join(", ");
}

/** The label of the node through which others reach this one; undefined where they dial it. */
export function relayOf({ relay, hub }: LocalServer): string | undefined {
  if (!relay) return undefined;
  return hub?.node_id === relay ? hub.server_id : relay;
}

/** What its own record does not tell. */
interface More {
  readonly notReady: string | undefined;
  readonly outside: readonly Server[];
  readonly leaving: readonly Move[];
  readonly drain: string | undefined;
}

function describe(
  context: CliContext,
  url: string,
  server: LocalServer,
  { notReady, outside, leaving, drain }: More,
): string {
  const relay = relayOf(server);
  const { hub } = server;
  const hubLine = hub
    ? `${hub.server_id}  ${hub.api_url}`
    : server.role_reason
      ? "none"
      : "none yet";
  const idLine =
    server.node_id === server.server_id ? [] : [["node id", server.node_id ?? ""] as const];
  return formatFields([
    ["server", context.paint("bold", server.server_id)],
    ...idLine,
    ["status", paintStatus(context, server.status)],
    ...(server.status_reason ? [["why", server.status_reason] as const] : []),
    ...(notReady === undefined ? [] : [["ready", `no: ${notReady}`] as const]),
    ["role", server.role_reason ? `${server.role}: ${server.role_reason}` : server.role],
    ["hub", server.role === "hub" ? "this node" : hubLine],
    ...(server.lease ? [["lease", leaseLine(server.lease, hub)] as const] : []),
    ...(server.lease?.abstention ? [["  left alone", server.lease.abstention] as const] : []),
    ...(server.lease?.stranger
      ? [["  differs", differenceOf(server.lease.stranger)] as const]
      : []),
    ...(relay === undefined ? [] : [["reached", `through ${relay}, by a tunnel`] as const]),
    ["dashboard", `${url}/`],
    ["address", server.api_url],
    ["tanks", `${count(server.tank_count, "tank")}, ${server.fish_count} fish`],
    ...(leaving.length > 0 ? [["moving", leavingLine(leaving)] as const] : []),
    ...(drain === undefined ? [] : [["drain", drain] as const]),
    ["connections", String(server.active_connections)],
    ...(outside.length > 0 ? [["without rights", outsideLine(outside)] as const] : []),
    ...(server.audit ? [["audit", auditLine(context, server.audit)] as const] : []),
    ["up", duration(server.uptime_seconds)],
    ["load", `${server.cpu_percent.toFixed(0)} % of a core, ${server.memory_mb.toFixed(0)} MB`],
    ...descriptorLines(server),
    ["version", server.version],
    ...server.backends.flatMap(({ name, state, detail, mend }) => [
      [`discovery ${name}`, detail === "" ? state : `${state}: ${detail}`] as const,
      ...(mend === undefined ? [] : [["  mend", mend] as const]),
    ]),
    ...solitudeLines(context, server),
  ]);
}

/** Where the limit of files and connections is low, or nearly reached. */
function descriptorLines({ descriptors }: LocalServer) {
  if (!descriptors) return [];
  const { result, what, mend } = descriptorCheck(descriptors);
  if (result === "ok") return [];
  return [["limit", what] as const, ...(mend === null ? [] : [["  mend", mend] as const])];
}

/** For a node that is alone: the state of discovery on each network, and possible causes. */
function solitudeLines(context: CliContext, { alone, backends }: LocalServer) {
  if (!alone) return [];
  const links = backends.flatMap(({ name, links: of = [] }) =>
    of.map((link) => [`  ${name} on ${link.name}`, linkWords(link)] as const),
  );
  const causes = alone.causes.flatMap(({ what, mend, fault }) => [
    [fault ? "  because" : "  perhaps", what] as const,
    ...(mend === null ? [] : [["  mend", mend] as const]),
  ]);
  const words = `no other node for ${duration(alone.seconds)}`;
  return [["alone", context.paint("yellow", words)] as const, ...links, ...causes];
}

type Stranger = NonNullable<z.infer<typeof leaseSchema>["stranger"]>;

/** What another node goes by instead: neither follows the other's hub. */
export function differenceOf({ node_id, lease }: Stranger): string {
  return `${node_id} uses ${lease ? `another lease: ${lease}` : "no lease"}`;
}

function leaseLine(
  { url, state, holder, reason }: z.infer<typeof leaseSchema>,
  hub: LocalServer["hub"],
): string {
  const name = holder && hub?.node_id === holder ? hub.server_id : holder;
  if (state === "held") return `held by this node  ${url}`;
  if (state === "taken") return `held by ${name}  ${url}`;
  return `${state === "unknown" ? `not known: ${reason}` : state}  ${url}`;
}

/** The status in green, yellow or red. */
export function paintStatus(context: CliContext, status: string): string {
  if (status === "online") return context.paint("green", status);
  return context.paint(status === "degraded" ? "yellow" : "red", status);
}
