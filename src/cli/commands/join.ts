import type { Command } from "commander";
import { z } from "zod";
import { completeHubUrl } from "../../discovery/hub/url.ts";
import type { CliContext } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { readAnswer } from "../output/answer.ts";

const joinedSchema = z.object({ met: z.boolean(), detail: z.string() });

/** `tankd join URL`: makes the running node use this hub. */
export function defineJoin(join: Command, context: CliContext): void {
  join
    .argument("<url>", "the hub, like http://192.168.1.10:8000")
    .action(async (url: string, _options: unknown, command: Command) => {
      const hub = completeHubUrl(url);
      const node = await context.node(command);
      const body = await node.post("/api/cluster/join", { url: hub });
      const { met, detail } = readAnswer(joinedSchema, body);
      if (context.wantsJson(command)) context.printJson(body);
      else if (met) context.print(`${detail}.`);
      if (!met) throw new CommandFailure(`${hub} was not reached: ${detail}`, 1);
    });
}
