import { type Command, Option } from "commander";
import { hasRights, whyWithoutRights } from "../../cluster/rights.ts";
import { serverStatusSchema } from "../../cluster/server-record.ts";
import type { CliContext } from "../context.ts";
import { type Server, serversSchema } from "../node-access/servers.ts";
import { appendWord } from "../options.ts";
import { readAnswer } from "../output/answer.ts";
import { formatTable } from "../output/table.ts";
import { ago, count } from "../output/words.ts";
import { paintStatus } from "./status.ts";

const FILTERS = ["tag", "capability", "status", "role", "region", "zone", "resource"] as const;
type Filters = Readonly<Partial<Record<(typeof FILTERS)[number], string | readonly string[]>>>;

const COLUMNS = `
Columns:
  SEEN      when it was last heard of, directly or by the hub; of a node that has not shown itself
            since the start of this one, in an earlier run
  FOUND BY  what has told this node of it: a discovery backend, or hub for the hub's list; empty
            where the other node came by itself
  REACHED   through which node, where it cannot be dialled, as behind a router (NAT)
  ROLE      unsigned: it does not sign its requests, so it is listed and has no rights;
            stranger: it does not know the secret of this cluster`;

/** `tankd peers`: every server of the cluster, this one included. */
export function definePeers(peers: Command, context: CliContext): void {
  peers
    .addOption(
      new Option("--tag <tag>", "only those with this tag; may be repeated").argParser(appendWord),
    )
    .option("--capability <name>", "only those with this capability")
    .addOption(
      new Option("--status <status>", "only those that are online, degraded or offline").choices(
        serverStatusSchema.options,
      ),
    )
    .addOption(
      new Option("--role <role>", "only the hub, or only workers").choices(["hub", "worker"]),
    )
    .option("--region <name>", "only those in this region")
    .option("--zone <name>", "only those in this zone")
    .option("--resource <key=value>", "only those with this resource")
    .addHelpText("after", COLUMNS)
    .action(async (options: Filters, command: Command) => {
      const query = new URLSearchParams();
      for (const filter of FILTERS) {
        for (const value of [options[filter] ?? []].flat()) query.append(filter, value);
      }
      const node = await context.node(command);
      const path = "/api/discovery/servers";
      const body = await node.get(query.size > 0 ? `${path}?${query}` : path);
      if (context.wantsJson(command)) return context.printJson(body);
      const { servers, strangers = [] } = readAnswer(serversSchema, body);
      if (servers.length + strangers.length === 0) {
        return context.print(context.asTyped(noneOf(query)));
      }
      context.print(describe(context, servers, strangers));
    });
}

/** This node is a server itself, so only filters can leave none. */
function noneOf(query: URLSearchParams): string {
  const filters = [...query].map(([name, value]) => `--${name} ${value}`);
  return `No server matches ${filters.join(" ")}; all of them: tankd peers`;
}

/** Members first; servers without rights apart from them. */
function describe(
  context: CliContext,
  servers: readonly Server[],
  strangers: readonly Server[],
): string {
  const members = servers.filter(hasRights);
  const outside = [...servers.filter((server) => !hasRights(server)), ...strangers];
  const all = [...members, ...outside];
  const reasons = all.flatMap(({ server_id, status_reason }) =>
    status_reason ? [`${server_id}: ${status_reason}`] : [],
  );
  const ways = members.flatMap((server) => wayTo(server, members) ?? []);
  const title = `${count(outside.length, "server")} without rights here, unsigned or no member:`;
  return [
    ...(members.length > 0 ? [tableOf(context, members)] : []),
    ...(outside.length > 0 ? [title, tableOf(context, outside)] : []),
    ...reasons,
    ...ways,
  ].join("\n");
}

interface Column {
  readonly title: string;
  readonly cell: (server: Server) => string | number;
  /** Shown only if some server has a value. */
  readonly optional?: true;
}

function tableOf(context: CliContext, servers: readonly Server[]): string {
  const now = context.host.clock.wallMs();
  const columns: readonly Column[] = [
    { title: "SERVER", cell: (one) => one.server_id + (one.is_local ? " (this node)" : "") },
    { title: "ROLE", cell: roleOf },
    { title: "STATUS", cell: ({ status }) => paintStatus(context, status) },
    { title: "URL", cell: ({ api_url }) => api_url },
    { title: "TANKS", cell: ({ tank_count }) => tank_count },
    { title: "FISH", cell: ({ fish_count }) => fish_count },
    { title: "SEEN", cell: (one) => (one.is_local ? "now" : ago(one.last_seen, now)) },
    { title: "FOUND BY", cell: ({ discovered_by }) => discovered_by.join(", ") },
    { title: "REACHED", cell: (one) => relayOf(one, servers) ?? "", optional: true },
    { title: "PLACE", cell: placeOf, optional: true },
    { title: "TAGS", cell: ({ tags }) => tags.join(", "), optional: true },
  ];
  const shown = columns.filter(
    ({ cell, optional }) => !optional || servers.some((server) => cell(server) !== ""),
  );
  return formatTable(
    shown.map(({ title }) => title),
    servers.map((server) => shown.map(({ cell }) => cell(server))),
  );
}

/** The role of a server, or why it has no rights. */
function roleOf(server: Server): string {
  return hasRights(server) ? server.role : whyWithoutRights(server);
}

/** The relay of a node that cannot be dialled. */
function relayOf(
  { reachable, relay, is_local, signed }: Server,
  servers: readonly Server[],
): string | undefined {
  if (!signed || !relay || (reachable && !is_local)) return undefined;
  const name = servers.find(({ node_id }) => node_id === relay)?.server_id ?? relay;
  return `through ${name}`;
}

function wayTo(server: Server, servers: readonly Server[]): string | undefined {
  const relay = relayOf(server, servers);
  if (relay === undefined) return undefined;
  return (
    `${server.server_id} is behind a router (NAT) or a firewall and cannot be dialled; ` +
    `it is reached ${relay}.`
  );
}

function placeOf({ region, zone }: Server): string {
  return [region, zone].filter((part) => part !== null).join("/");
}
