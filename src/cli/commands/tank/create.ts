import { type Command, Option } from "commander";
import { type CreatedTank, createdTankSchema } from "../../../api/created-tank.ts";
import { Problem } from "../../../platform/errors.ts";
import { LIMITS } from "../../../platform/limits.ts";
import type { CliContext } from "../../context.ts";
import type { NodeClient } from "../../node-access/client.ts";
import { tanksSchema } from "../../node-access/tank-lookup.ts";
import { appendWord } from "../../options.ts";
import { parseAnswer, readAnswer } from "../../output/answer.ts";
import { readInteger } from "../../output/numbers.ts";

interface CreateOptions {
  readonly tankName?: string;
  readonly fish?: string;
  readonly seed?: string;
  readonly server?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly tag?: readonly string[];
  readonly capability?: readonly string[];
  readonly resource?: readonly string[];
}

/** `tankd tank create` */
export function defineTankCreate(create: Command, context: CliContext): void {
  create
    .option("--tank-name <name>", "its name (default: tank-<number>)")
    .option("--fish <number>", "fish in it (default: 50)")
    .option("--seed <number>", "seed of its world (default: random)")
    .option(
      "--server <id>",
      "the server to create it on, or auto: the least loaded one (default: this node)",
    )
    .option("--region <name>", "on a server in this region")
    .option("--zone <name>", "on a server in this zone");
  addRepeated(create, "--tag <tag>", "on a server with this tag; may be repeated");
  addRepeated(create, "--capability <name>", "on a server with this capability; may be repeated");
  addRepeated(
    create,
    "--resource <key=value>",
    "on a server with this resource, of a number at least so much; may be repeated",
  );
  create.action(async (options: CreateOptions, command: Command) => {
    const fish = readInteger(options.fish, "--fish", 0, LIMITS.foundersMax);
    const seed = readInteger(options.seed, "--seed");
    const where = whereOf(options);
    const node = await context.node(command);
    const spec = {
      ...(fish === undefined ? {} : { fish }),
      ...(seed === undefined ? {} : { seed }),
      ...where,
    };
    const { tankName: name } = options;
    const body =
      name === undefined
        ? await createNumbered(node, spec)
        : await node.post("/api/tanks", { name, ...spec });
    if (context.wantsJson(command)) return context.printJson(body);
    context.print(describe(readAnswer(createdTankSchema, body)));
  });
}

function addRepeated(command: Command, flags: string, description: string): void {
  command.addOption(new Option(flags, description).argParser(appendWord));
}

/** Where it is to be, as far as that was given. @throws Problem `usage` */
function whereOf({ server, region, zone, tag, capability, resource }: CreateOptions) {
  return {
    ...(server === undefined ? {} : { server_id: server }),
    ...(region === undefined ? {} : { region }),
    ...(zone === undefined ? {} : { zone }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(capability === undefined ? {} : { capabilities: capability }),
    ...(resource === undefined ? {} : { resources: Object.fromEntries(resource.map(readFact)) }),
  };
}

function readFact(text: string): readonly [string, string | number | boolean] {
  const at = text.indexOf("=");
  const value = text.slice(at + 1);
  if (at < 1 || value === "") {
    throw new Problem("usage", `--resource takes KEY=VALUE, like cpu_cores=4, not "${text}"`);
  }
  const name = text.slice(0, at);
  if (value === "true" || value === "false") return [name, value === "true"];
  return [name, Number.isFinite(Number(value)) ? Number(value) : value];
}

function describe({ tank, fish_count, placement }: CreatedTank): string {
  const made = `Created the tank ${tank.name} (${tank.tank_id}) with ${fish_count} fish`;
  if (placement === undefined) return `${made}.`;
  return `${made} on ${placement.server_id}: ${placement.reason}.`;
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
