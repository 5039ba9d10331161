import type { Command } from "commander";
import { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import type { CliContext } from "../context.ts";
import { readAnswer } from "../output/answer.ts";
import { formatTable } from "../output/table.ts";

const aliasSchema = z.object({
  alias: z.string(),
  node_id: z.string(),
  server_id: z.string(),
  tank_id: z.string(),
});
const aliasesSchema = z.object({ aliases: z.array(aliasSchema), count: z.number() });

/** `tankd alias [NAME TANK]`: this node's own names for tanks of any node. */
export function defineAlias(alias: Command, context: CliContext): void {
  alias
    .argument("[name]", "the name")
    .argument("[tank]", "the tank, by id or name, or as SERVER::TANK")
    .option("--rm <name>", "remove an alias")
    .addHelpText("after", "\nIf the name is taken, --name-conflict of the node decides.")
    .action(async (name: string | undefined, tank: string | undefined, options, command) => {
      const { rm }: { rm?: string } = options;
      if (rm !== undefined) {
        if (name !== undefined || rm === "") {
          throw new Problem("usage", "give a name and a tank, or --rm NAME");
        }
        return removeAlias(context, command, rm);
      }
      if (name === undefined) return listAliases(context, command);
      if (tank === undefined) {
        throw new Problem("usage", `which tank is ${name}? Give its id or name, or SERVER::TANK`);
      }
      return giveAlias(context, command, name, tank);
    });
}

async function giveAlias(
  context: CliContext,
  command: Command,
  alias: string,
  tank: string,
): Promise<void> {
  const node = await context.node(command);
  const body = await node.post("/api/aliases", { alias, tank });
  if (context.wantsJson(command)) return context.printJson(body);
  const made = readAnswer(aliasSchema, body);
  const taken = made.alias === alias ? "" : ` (${alias} is taken)`;
  context.print(
    `${made.alias} is now an alias of tank ${made.tank_id} of ${made.server_id}${taken}.`,
  );
}

async function removeAlias(context: CliContext, command: Command, alias: string): Promise<void> {
  const node = await context.node(command);
  const body = await node.delete(`/api/aliases/${encodeURIComponent(alias)}`);
  if (context.wantsJson(command)) return context.printJson(body);
  context.print(`Removed the alias ${alias}.`);
}

async function listAliases(context: CliContext, command: Command): Promise<void> {
  const node = await context.node(command);
  const body = await node.get("/api/aliases");
  if (context.wantsJson(command)) return context.printJson(body);
  const { aliases } = readAnswer(aliasesSchema, body);
  if (aliases.length === 0) {
    context.print(context.asTyped("No aliases; define one with: tankd alias NAME SERVER::TANK"));
    return;
  }
  const rows = aliases.map(({ alias, server_id, tank_id }) => [alias, server_id, tank_id]);
  context.print(formatTable(["ALIAS", "SERVER", "TANK"], rows));
}
