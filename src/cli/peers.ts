import { type Command, Option } from "commander";
import { z } from "zod";
import type { ServerRecord } from "../cluster/server-record.ts";
import { serverRecordSchema, serverStatusSchema } from "../cluster/server-record.ts";
import { readAnswer } from "./answer.ts";
import type { CliContext } from "./context.ts";
import { paintStatus } from "./status.ts";
import { formatTable } from "./table.ts";
import { ago } from "./words.ts";

const serversSchema = z.object({ servers: z.array(serverRecordSchema), count: z.number() });

const FILTERS = ["tag", "capability", "status", "region"] as const;

/** `tankd peers`: every server of the cluster, this one included. */
export function addPeers(program: Command, context: CliContext): void {
  program
    .command("peers")
    .description("list the servers of the cluster")
    .option("--tag <tag>", "only those with this tag")
    .option("--capability <name>", "only those with this capability")
    .addOption(
      new Option("--status <status>", "only those that are online, degraded or offline").choices(
        serverStatusSchema.options,
      ),
    )
    .option("--region <name>", "only those in this region")
    .action(async (options: Readonly<Record<string, string>>, command: Command) => {
      const query = new URLSearchParams();
      for (const filter of FILTERS) {
        const value = options[filter];
        if (value !== undefined) query.set(filter, value);
      }
      const node = await context.node(command);
      const path = "/api/discovery/servers";
      const body = await node.get(query.size > 0 ? `${path}?${query}` : path);
      if (context.wantsJson(command)) return context.printJson(body);
      const { servers } = readAnswer(serversSchema, body);
      context.print(describe(context, servers));
    });
}

function describe(context: CliContext, servers: readonly ServerRecord[]): string {
  if (servers.length === 0) return "No server matches.";
  const now = context.host.clock.wallMs();
  const reasons = servers.flatMap(({ server_id, status_reason }) =>
    status_reason ? [`${server_id}: ${status_reason}`] : [],
  );
  const table = formatTable(
    ["SERVER", "ROLE", "STATUS", "URL", "TANKS", "FISH", "SEEN", "FOUND BY"],
    servers.map((server) => [
      server.is_local ? `${server.server_id} (this node)` : server.server_id,
      server.role,
      paintStatus(context, server.status),
      server.api_url,
      server.tank_count,
      server.fish_count,
      server.is_local ? "now" : ago(server.last_seen, now),
      server.discovered_by.join(", "),
    ]),
  );
  return [table, ...reasons].join("\n");
}
