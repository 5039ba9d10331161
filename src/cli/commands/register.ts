import { resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { formatHostPort } from "../../discovery/addresses.ts";
import { parseHubUrl } from "../../discovery/hub/url.ts";
import { Problem } from "../../platform/errors.ts";
import { readShaped } from "../../platform/issue-words.ts";
import type { CliContext } from "../context.ts";
import { NodeClient } from "../node-access/client.ts";
import { parseAnswer, readAnswer } from "../output/answer.ts";

const registeredSchema = z.looseObject({ server_id: z.string(), status: z.string().optional() });
const recordSchema = z.looseObject({ server_id: z.string() });

const REGISTER_PATH = "/api/discovery/register";

/** `tankd register [URL]`: registers a server with a hub by hand. */
export function defineRegister(register: Command, context: CliContext): void {
  register
    .argument("[url]", "the hub; with --record it may be left out: the running node's own hub")
    .option("--record <file>", "the record of another server as JSON; - is stdin")
    .addHelpText(
      "after",
      `
A running node is on the list of its own hub without this. A hub believes the address in a record
when its control token comes along: that of the running node by itself, that of another hub from
TANKD_TOKEN or --token-file.`,
    )
    .action(async (url: string | undefined, options: { record?: string }, command: Command) => {
      if (url === undefined && options.record === undefined) {
        const own = "its own hub lists this node already";
        throw new Problem(
          "usage",
          `register with whom? Give a hub's URL, or --record FILE; ${own}`,
        );
      }
      const hub = url === undefined ? await context.node(command) : hubAt(context, command, url);
      const { record: file } = options;
      const record =
        file === undefined
          ? parseAnswer(recordSchema, await (await context.node(command)).get("/api/servers/local"))
          : await readRecord(context, file);
      const body = await hub.post(REGISTER_PATH, record);
      if (context.wantsJson(command)) return context.printJson(body);
      const { server_id, status } = readAnswer(registeredSchema, body);
      context.print(`${server_id} at ${hub.url}: ${status ?? "registered"}.`);
    });
}

/** Only an explicit token is sent to another server, never that of the running node. */
function hubAt(context: CliContext, command: Command, url: string): NodeClient {
  const origin = `http://${formatHostPort(parseHubUrl(url))}`;
  return new NodeClient(context.host.network, origin, context.givenToken(command));
}

/** @throws Problem `usage` */
async function readRecord({ host }: CliContext, file: string): Promise<object> {
  const source = file === "-" ? "stdin" : file;
  try {
    const absolute = resolve(host.workingDirectory, file);
    const text = file === "-" ? await host.readInput() : host.readText(absolute);
    if (text !== undefined) return readShaped(recordSchema, JSON.parse(text));
  } catch {
    const wanted = "a JSON object with server_id, like the output of: tankd status --json";
    throw new Problem("usage", `${source} is not a server record: give ${wanted}`);
  }
  throw new Problem("usage", `--record names ${file}, and there is no such file`);
}
