import type { Command } from "commander";
import { tankViewSchema } from "../../../api/tank-view.ts";
import { Problem } from "../../../platform/errors.ts";
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
      const spec = {
        ...(fish === undefined ? {} : { fish }),
        ...(seed === undefined ? {} : { seed }),
        ...(server === undefined ? {} : { server_id: server }),
      };
      const { tankName: name } = options;
      const body =
        name === undefined
          ? await createNumbered(node, spec)
          : await node.post("/api/tanks", { name, ...spec });
      if (context.wantsJson(command)) return context.printJson(body);
      const made = readAnswer(tankViewSchema, body);
      context.print(
        `Created the tank ${made.tank.name} (${made.tank.tank_id}) with ${made.fish_count} fish.`,
      );
    });
}

/** Names the tank by the next free number, which another command may take at the same time. */
async function createNumbered(node: NodeClient, spec: object): Promise<unknown> {
  const { tanks } = parseAnswer(tanksSchema, await node.get("/api/tanks"));
  const names = new Set(tanks.map(({ tank }) => tank.name));
  for (let number = tanks.length + 1; ; number++) {
    const name = `tank-${number}`;
    if (names.has(name)) continue;
    try {
      return await node.post("/api/tanks", { name, ...spec });
    } catch (error) {
      if (!(error instanceof Problem && error.code === "name_taken")) throw error;
    }
  }
}
