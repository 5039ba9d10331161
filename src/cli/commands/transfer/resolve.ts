import type { Command } from "commander";
import { Problem } from "../../../platform/errors.ts";
import type { CliContext } from "../../context.ts";
import { CommandFailure } from "../../failure.ts";
import { type TransferDetail, transferDetailSchema } from "../../node-access/transfers.ts";
import { readAnswer } from "../../output/answer.ts";

interface ResolveOptions {
  readonly restore?: boolean;
  readonly delivered?: boolean;
  readonly yes?: boolean;
}

const RISKS = {
  restore: "If it has arrived nevertheless, it will live twice",
  delivered: "If it has not arrived, it is lost for good",
} as const;

/** `tankd transfer resolve ID --restore|--delivered` */
export function defineTransferResolve(resolve: Command, context: CliContext): void {
  resolve
    .argument("<id>", "of the transfer; see: tankd transfers")
    .option("--restore", "put it back into its tank")
    .option("--delivered", "take it for delivered")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      `
A transfer that its destination has not decided stays in escrow, so that nothing is lost or doubled.
This ends the escrow on your word alone: for a node that never comes back. tankd audit finds a fish
that is missing or double afterwards.`,
    )
    .action(async (id: string, options: ResolveOptions, command: Command) => {
      if (options.restore === options.delivered) {
        throw new Problem("usage", "give one of --restore and --delivered");
      }
      const decision = options.restore ? "restore" : "delivered";
      const node = await context.node(command);
      const path = `/api/transfers/${encodeURIComponent(id)}`;
      const open = readAnswer(transferDetailSchema, await node.get(path));
      if (options.yes !== true) await confirm(context, open, RISKS[decision]);
      const body = await node.post(`${path}/resolve`, { decision });
      if (context.wantsJson(command)) return context.printJson(body);
      const { entity_id, entity_type, state } = readAnswer(transferDetailSchema, body);
      const what = entity_id ?? `the ${entity_type}`;
      context.print(
        state === "returned" ? `${what} is back in its tank.` : `${what} counts as delivered.`,
      );
    });
}

/** @throws Problem `usage` without a terminal, CommandFailure when the answer is no. */
async function confirm(context: CliContext, open: TransferDetail, risk: string): Promise<void> {
  const { entity_id, entity_type, destination_server_id, destination_node_id } = open;
  const what = entity_id ?? `the ${entity_type}`;
  const where = destination_server_id ?? destination_node_id;
  const answer = await context.host.ask(
    `Nobody asks ${where} whether it has ${what}. ${risk}. Resolve it by hand? [y/N] `,
  );
  if (answer === undefined) {
    throw new Problem(
      "usage",
      `resolving by hand is not checked: ${risk[0]?.toLowerCase()}${risk.slice(1)}; there is no ` +
        "terminal to ask on, so confirm with --yes",
    );
  }
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure("nothing was resolved", 1);
}
