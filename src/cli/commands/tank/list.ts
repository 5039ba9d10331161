import type { Command } from "commander";
import type { TankView } from "../../../api/tank-view.ts";
import type { CliContext } from "../../context.ts";
import type { NodeClient } from "../../node-access/client.ts";
import { askLeaving } from "../../node-access/moves.ts";
import { directorySchema, tanksSchema } from "../../node-access/tank-lookup.ts";
import { readAnswer } from "../../output/answer.ts";
import { formatTable } from "../../output/table.ts";
import { paintStatus } from "../status.ts";

const NONE = "No tanks; create one with: tankd tank create";

/** `tankd tank ls` */
export function defineTankList(ls: Command, context: CliContext): void {
  ls.option("--all", "those of every node of the cluster").action(
    async (options: { all?: boolean }, command: Command) => {
      const node = await context.node(command);
      if (options.all) return listAll(context, node, context.wantsJson(command));
      const body = await node.get("/api/tanks");
      if (context.wantsJson(command)) return context.printJson(body);
      const { tanks } = readAnswer(tanksSchema, body);
      const leaving = await askLeaving(node);
      context.print(
        tanks.length === 0
          ? context.asTyped(NONE)
          : formatTable(
              ["TANK", "NAME", "STATUS", "FISH", "GENERATION", "TICK", "TICKS/S", "ASKED", "LAG"],
              tanks.map(({ tank, ...view }) => [
                tank.tank_id,
                tank.name,
                leaving.has(tank.tank_id) ? "moving" : tank.status,
                view.fish_count,
                view.max_generation,
                tank.tick,
                Math.round(view.ticks_per_second),
                askedRate(view),
                view.tick_lag,
              ]),
            ),
      );
      // Often the same for all of them, and too long for a column.
      for (const reason of new Set(tanks.flatMap((view) => view.stopped_reason ?? []))) {
        context.print(`Stopped: ${reason}`);
      }
    },
  );
}

/** The present target rate. */
function askedRate({
  tick_rate,
  fast_forward_to,
}: Pick<TankView, "tick_rate" | "fast_forward_to">): string {
  if (fast_forward_to !== null) return `to ${fast_forward_to}`;
  return tick_rate === 0 ? "max" : String(tick_rate);
}

async function listAll(context: CliContext, node: NodeClient, json: boolean): Promise<void> {
  const body = await node.get("/gateway/tanks");
  if (json) return context.printJson(body);
  const { tanks } = readAnswer(directorySchema, body);
  if (tanks.length === 0) return context.print(context.asTyped(NONE));
  context.print(
    formatTable(
      ["TANK", "NAME", "SERVER", "STATUS", "URL"],
      tanks.map(({ tank, server }) => [
        tank.tank_id,
        tank.name,
        server.is_local ? `${tank.server_id} (this node)` : tank.server_id,
        paintStatus(context, server.status),
        server.api_url,
      ]),
    ),
  );
}
