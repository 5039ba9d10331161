import { type Command, Option } from "commander";
import { z } from "zod";
import type { CliContext } from "../context.ts";
import { readAnswer } from "../output/answer.ts";
import { readInteger } from "../output/numbers.ts";
import { formatTable } from "../output/table.ts";
import { ago } from "../output/words.ts";

const transfersSchema = z.object({
  transfers: z.array(
    z.object({
      direction: z.enum(["out", "in"]),
      state: z.string(),
      entity_id: z.string().nullable(),
      source_node_id: z.string(),
      source_server_id: z.string().nullable(),
      destination_node_id: z.string(),
      destination_server_id: z.string().nullable(),
      attempts: z.number(),
      reason: z.string().nullable(),
      updated_at: z.string(),
    }),
  ),
  count: z.number(),
});

const STATES = ["pending", "in_doubt", "delivered", "returned", "accepted", "refused", "aborted"];

const LIMIT_MAX = 1000;

/** `tankd transfers`: outgoing and incoming transfers, newest first. */
export function defineTransfers(transfers: Command, context: CliContext): void {
  transfers
    .addOption(
      new Option("--state <state>", `only those that are ${STATES.join(", ")}`).choices(STATES),
    )
    .option("--limit <number>", "maximum number (default: 20)", "20")
    .action(async (options: { state?: string; limit: string }, command: Command) => {
      const limit = readInteger(options.limit, "--limit", 1, LIMIT_MAX);
      const query = new URLSearchParams({ limit: String(limit) });
      if (options.state !== undefined) query.set("state", options.state);
      const node = await context.node(command);
      const body = await node.get(`/api/transfers?${query}`);
      if (context.wantsJson(command)) return context.printJson(body);
      const { transfers } = readAnswer(transfersSchema, body);
      if (transfers.length === 0) return context.print(context.asTyped(noneOf(options.state)));
      context.print(describe(context, transfers));
    });
}

function noneOf(state: string | undefined): string {
  return state === undefined
    ? "No transfers yet; fish migrate along connections: tankd connections"
    : `No transfer is ${state.replace("_", " ")}; all of them: tankd transfers`;
}

type Transfer = z.infer<typeof transfersSchema>["transfers"][number];

function describe(context: CliContext, transfers: readonly Transfer[]): string {
  const now = context.host.clock.wallMs();
  return formatTable(
    ["WHEN", "WAY", "STATE", "FISH", "FROM", "TO", "TRIES", "REASON"],
    transfers.map((transfer) => [
      ago(transfer.updated_at, now),
      transfer.direction,
      transfer.state,
      transfer.entity_id ?? "",
      transfer.source_server_id ?? transfer.source_node_id,
      transfer.destination_server_id ?? transfer.destination_node_id,
      transfer.attempts,
      transfer.reason ?? "",
    ]),
  );
}
