import type { Command } from "commander";
import { tankViewSchema } from "../../../api/tank-view.ts";
import { LIMITS } from "../../../platform/limits.ts";
import type { CliContext } from "../../context.ts";
import type { NodeClient } from "../../node-access/client.ts";
import { tanksSchema } from "../../node-access/tank-lookup.ts";
import { parseAnswer, readAnswer } from "../../output/answer.ts";
import { readInteger } from "../../output/numbers.ts";

interface CreateOptions {
  readonly tankName?: string;
  readonly fish?: string;
  readonly seed?: string;
  readonly server?: string;
}

/** `tankd tank create` */
export function defineTankCreate(create: Command, context: CliContext): void {
  create
    .option("--tank-name <name>", "its name (default: tank-<number>)")
    .option("--fish <number>", "fish in it (default: 50)")
    .option("--seed <number>", "seed of its world (default: random)")
    .option("--server <id>", "the server to create it on, or auto (default: this node)")
    .action(async (options: CreateOptions, command: Command) => {
      const fish = readInteger(options.fish, "--fish", 0, LIMITS.foundersMax);
      const seed = readInteger(options.seed, "--seed");
      // Only this node accepts the command, so `auto` has one choice.
      const server = options.server === "auto" ? undefined : options.server;
      const node = await context.node(command);
      const body = await node.post("/api/tanks", {
        name: options.tankName ?? (await nextName(node)),
        ...(fish === undefined ? {} : { fish }),
        ...(seed === undefined ? {} : { seed }),
        ...(server === undefined ? {} : { server_id: server }),
      });
      if (context.wantsJson(command)) return context.printJson(body);
      const made = readAnswer(tankViewSchema, body);
      context.print(
        `Created the tank ${made.tank.name} (${made.tank.tank_id}) with ${made.fish_count} fish.`,
      );
    });
}

async function nextName(node: NodeClient): Promise<string> {
  const { tanks } = parseAnswer(tanksSchema, await node.get("/api/tanks"));
  const names = new Set(tanks.map(({ tank }) => tank.name));
  let number = tanks.length + 1;
  while (names.has(`tank-${number}`)) number++;
  return `tank-${number}`;
}
