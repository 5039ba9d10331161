import { type Command, Option } from "commander";
import { Problem } from "../../platform/errors.ts";
import type { CliContext } from "../context.ts";
import {
  type Transfer,
  type TransferDetail,
  transferDetailSchema,
  transfersSchema,
} from "../node-access/transfers.ts";
import { readAnswer } from "../output/answer.ts";
import { readInteger } from "../output/numbers.ts";
import { formatFields, formatTable } from "../output/table.ts";
import { ago } from "../output/words.ts";

const STATES = ["pending", "in_doubt", "delivered", "returned", "accepted", "refused", "aborted"];

const LIMIT_MAX = 1000;

const LIMIT_DEFAULT = "20";

interface TransfersOptions {
  readonly state?: string;
  readonly limit?: string;
}

/** `tankd transfers [ID]`: outgoing and incoming transfers, newest first, or the events of one. */
export function defineTransfers(transfers: Command, context: CliContext): void {
  transfers
    .argument("[id]", "one of them, with its events")
    .addOption(
      new Option("--state <state>", `only those that are ${STATES.join(", ")}`).choices(STATES),
    )
    .option("--limit <number>", `maximum number (default: ${LIMIT_DEFAULT})`)
    .action(async (id: string | undefined, options: TransfersOptions, command: Command) => {
      if (id !== undefined) return showOne(context, command, id, options);
      const limit = readInteger(options.limit ?? LIMIT_DEFAULT, "--limit", 1, LIMIT_MAX);
      const query = new URLSearchParams({ limit: String(limit) });
      if (options.state !== undefined) query.set("state", options.state);
      const node = await context.node(command);
      // The ids of open ones are told to the token only.
      const body = await node.getWithToken(`/api/transfers?${query}`);
      if (context.wantsJson(command)) return context.printJson(body);
      const { transfers } = readAnswer(transfersSchema, body);
      if (transfers.length === 0) return context.print(context.asTyped(noneOf(options.state)));
      context.print(describe(context, transfers));
    });
}

async function showOne(
  context: CliContext,
  command: Command,
  id: string,
  { state, limit }: TransfersOptions,
): Promise<void> {
  if (state !== undefined || limit !== undefined) {
    throw new Problem("usage", "give an id, or --state and --limit");
  }
  const node = await context.node(command);
  const body = await node.get(`/api/transfers/${encodeURIComponent(id)}`);
  if (context.wantsJson(command)) return context.printJson(body);
  context.print(describeOne(readAnswer(transferDetailSchema, body)));
}

function describeOne({ events, ...transfer }: TransferDetail): string {
  const { entity_type, entity_id, source_tank_id, destination_tank_id, reason } = transfer;
  const fields = formatFields([
    [entity_type, entity_id ?? "unknown"],
    ["from", `${source_tank_id} of ${transfer.source_server_id ?? transfer.source_node_id}`],
    [
      "to",
      `${destination_tank_id} of ${transfer.destination_server_id ?? transfer.destination_node_id}`,
    ],
    ["state", reason === null ? transfer.state : `${transfer.state} (${reason})`],
    ["tries", transfer.attempts],
  ]);
  const rows = events.map(({ at, event, detail }) => [at, event, detail]);
  return `${fields}\n${formatTable(["WHEN", "EVENT", "DETAIL"], rows)}`;
}

function noneOf(state: string | undefined): string {
  return state === undefined
    ? "No transfers yet; fish migrate along connections: tankd connections"
    : `No transfer is ${state.replace("_", " ")}; all of them: tankd transfers`;
}

function describe(context: CliContext, transfers: readonly Transfer[]): string {
  const now = context.host.clock.wallMs();
  return formatTable(
    ["WHEN", "WAY", "STATE", "FISH", "FROM", "TO", "TRIES", "REASON", "ID"],
    transfers.map((transfer) => [
      ago(transfer.updated_at, now),
      transfer.direction,
      transfer.state,
      transfer.entity_id ?? "",
      transfer.source_server_id ?? transfer.source_node_id,
      transfer.destination_server_id ?? transfer.destination_node_id,
      transfer.attempts,
      transfer.reason ?? "",
      transfer.transfer_id ?? "",
    ]),
  );
}
