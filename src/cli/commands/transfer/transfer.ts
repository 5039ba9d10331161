import type { Command } from "commander";
import { type SentTransfer, sentTransferSchema } from "../../../api/sent-transfer.ts";
import { Problem } from "../../../platform/errors.ts";
import type { CommandEntry } from "../../command.ts";
import type { CliContext } from "../../context.ts";
import type { NodeClient } from "../../node-access/client.ts";
import { findTankAnywhere, type TankPlace } from "../../node-access/tank-lookup.ts";
import { readAnswer } from "../../output/answer.ts";
import { addCommands } from "../add-commands.ts";
import { findEntity } from "./find-entity.ts";

const COMMANDS: readonly CommandEntry[] = [
  {
    name: "resolve",
    describe: "end the escrow of a transfer whose destination is gone for good",
    examples: [
      ["tankd transfer resolve 5f0c…e1 --restore", "the fish is back in its tank"],
      ["tankd transfer resolve 5f0c…e1 --delivered", "it has arrived, and is gone here"],
    ],
    load: async () => (await import("./resolve.ts")).defineTransferResolve,
  },
];

interface SendOptions {
  readonly from?: string;
  readonly plant?: boolean;
}

/** `tankd transfer FISH TANK`: sends one fish to another tank. */
export function defineTransfer(transfer: Command, context: CliContext): void {
  transfer
    .argument("<fish>", "its id; see the page of its tank")
    .argument("<tank>", "where it goes: an id, a name, or SERVER::TANK")
    .option("--from <tank>", "the tank that it is in (default: it is looked for in all tanks)")
    .option("--plant", "it is a plant; needs --from")
    .action(async (id: string, to: string, options: SendOptions, command: Command) => {
      const node = await context.node(command);
      const destination = await findTankAnywhere(node, to);
      const source = await sourceOf(node, id, options);
      const body = await node.post("/gateway/transfer", {
        source_tank_id: source.tankId,
        dest_tank_id: destination.tankId,
        ...(destination.serverId === undefined ? {} : { dest_server_id: destination.serverId }),
        entity_id: id,
        entity_type: options.plant ? "plant" : "fish",
      });
      if (context.wantsJson(command)) return context.printJson(body);
      context.print(context.asTyped(describe(readAnswer(sentTransferSchema, body), to)));
    });
  addCommands(transfer, COMMANDS, context);
}

async function sourceOf(node: NodeClient, id: string, options: SendOptions): Promise<TankPlace> {
  if (options.from !== undefined) return findTankAnywhere(node, options.from);
  if (options.plant) throw new Problem("usage", "give the tank of the plant with --from");
  return findEntity(node, id);
}

function describe(sent: SentTransfer, to: string): string {
  const { success, old_id, transfer_id, dest_server } = sent;
  if (success) return `${old_id} is in ${to} now, on ${dest_server}.`;
  return (
    `${old_id} is in escrow: ${dest_server} has not decided yet, and will be asked again; ` +
    `to see it: tankd transfers ${transfer_id}`
  );
}
