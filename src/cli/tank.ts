import type { Command } from "commander";
import type { TankView } from "../api/tank-view.ts";
import { tankViewSchema } from "../api/tank-view.ts";
import { LIMITS } from "../platform/limits.ts";
import { readAnswer } from "./answer.ts";
import type { NodeClient } from "./client.ts";
import type { CliContext } from "./context.ts";
import { readInteger } from "./numbers.ts";
import { paintStatus } from "./status.ts";
import { formatFields, formatTable } from "./table.ts";
import { directorySchema, findTank, tanksSchema } from "./tank-lookup.ts";

/** `tankd tank ls|create|show`. */
export function addTank(program: Command, context: CliContext): void {
  const tank = program.command("tank").description("list, create and look at tanks");
  addList(tank, context);
  addCreate(tank, context);
  addShow(tank, context);
}

function addList(tank: Command, context: CliContext): void {
  tank
    .command("ls")
    .description("list the tanks of this node")
    .option("--all", "those of every node of the cluster")
    .action(async (options: { all?: boolean }, command: Command) => {
      const node = await context.node(command);
      if (options.all) return listAll(context, node, context.wantsJson(command));
      const body = await node.get("/api/tanks");
      if (context.wantsJson(command)) return context.printJson(body);
      const { tanks } = readAnswer(tanksSchema, body);
      context.print(
        tanks.length === 0
          ? "No tanks yet; make one with: tankd tank create"
          : formatTable(
              ["TANK", "NAME", "STATUS", "FISH", "GENERATION", "TICK", "TICKS/S"],
              tanks.map(({ tank, ...view }) => [
                tank.tank_id,
                tank.name,
                tank.status,
                view.fish_count,
                view.max_generation,
                tank.tick,
                Math.round(view.ticks_per_second),
              ]),
            ),
      );
    });
}

async function listAll(context: CliContext, node: NodeClient, json: boolean): Promise<void> {
  const body = await node.get("/gateway/tanks");
  if (json) return context.printJson(body);
  context.print(
    formatTable(
      ["TANK", "NAME", "SERVER", "STATUS", "URL"],
      readAnswer(directorySchema, body).tanks.map(({ tank, server }) => [
        tank.tank_id,
        tank.name,
        server.is_local ? `${tank.server_id} (this node)` : tank.server_id,
        paintStatus(context, server.status),
        server.api_url,
      ]),
    ),
  );
}

interface CreateOptions {
  readonly tankName?: string;
  readonly fish?: string;
  readonly seed?: string;
  readonly server?: string;
}

function addCreate(tank: Command, context: CliContext): void {
  tank
    .command("create")
    .description("make a tank")
    .option("--tank-name <name>", "its name (default: tank-<number>)")
    .option("--fish <number>", "fish in it (default: 50)")
    .option("--seed <number>", "seed of its world (default: random)")
    .option("--server <id>", "the server to make it on, or auto (default: this node)")
    .action(async (options: CreateOptions, command: Command) => {
      const fish = readInteger(options.fish, "--fish", 0, LIMITS.foundersMax);
      const seed = readInteger(options.seed, "--seed");
      // Of all servers only this one takes our orders (DESIGN §9): there is one to choose from.
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
        `Made the tank ${made.tank.name} (${made.tank.tank_id}) with ${made.fish_count} fish.`,
      );
    });
}

async function nextName(node: NodeClient): Promise<string> {
  const { tanks } = tanksSchema.parse(await node.get("/api/tanks"));
  const names = new Set(tanks.map(({ tank }) => tank.name));
  let number = tanks.length + 1;
  while (names.has(`tank-${number}`)) number++;
  return `tank-${number}`;
}

function addShow(tank: Command, context: CliContext): void {
  tank
    .command("show")
    .description("show one tank")
    .argument("<tank>", "its id or name")
    .action(async (wanted: string, _options: unknown, command: Command) => {
      const node = await context.node(command);
      const id = await findTank(node, wanted);
      const body = await node.get(`/api/tanks/${encodeURIComponent(id)}`);
      if (context.wantsJson(command)) return context.printJson(body);
      context.print(describe(readAnswer(tankViewSchema, body)));
    });
}

function describe({ tank, ledger, ...view }: TankView): string {
  const died = ledger.died.starvation + ledger.died.predation + ledger.died.old_age;
  const rate = view.tick_rate === 0 ? "as fast as it goes" : `${view.tick_rate} asked for`;
  return formatFields([
    ["tank", tank.name],
    ["id", tank.tank_id],
    ...(tank.description ? [["description", tank.description] as const] : []),
    ["server", tank.server_id],
    ["status", tank.status],
    ["fish", `${view.fish_count} of at most ${view.capacity}`],
    ["food", view.food_count],
    ["generation", view.max_generation],
    ["diversity", view.diversity.toFixed(2)],
    ["born", ledger.born],
    [
      "died",
      `${died} (${ledger.died.starvation} starved, ${ledger.died.predation} eaten, ${ledger.died.old_age} of age)`,
    ],
    ["arrived", ledger.imported],
    ["left", ledger.exported - ledger.restored],
    ["tick", tank.tick],
    ["ticks per second", `${view.ticks_per_second.toFixed(1)} (${rate})`],
    ["log", `${tank.seq} commands, ${tank.durable_seq} on disk`],
    ["seed", view.seed],
    ["created", tank.created_at],
  ]);
}
