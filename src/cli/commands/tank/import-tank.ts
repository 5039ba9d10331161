import type { Command } from "commander";
import { z } from "zod";
import { tankViewSchema } from "../../../api/tank-view.ts";
import { Problem } from "../../../platform/errors.ts";
import { ARCHIVE_TYPE } from "../../../tanks/archive/archive.ts";
import { decodeArchive } from "../../../tanks/archive/archive-file.ts";
import type { CliContext } from "../../context.ts";
import { readArchiveFile } from "../../node-access/archive-files.ts";
import { readAnswer } from "../../output/answer.ts";
import { grouped } from "../../output/numbers.ts";

const importedSchema = tankViewSchema.extend({
  forked_from: z.object({ tank_id: z.string(), tick: z.number() }),
});

/** Sends an archive to the node, which creates a tank from it. @throws Problem */
export async function importTank(
  context: CliContext,
  command: Command,
  file: string,
  name: string | undefined,
): Promise<void> {
  const bytes = readArchiveFile(context.host, file);
  // Refuse a damaged file before the upload.
  const read = decodeArchive(bytes);
  if (read.kind === "bad") {
    throw new Problem("bad_archive", `${file} is not a valid archive of a tank: ${read.detail}`);
  }
  const node = await context.node(command);
  const query = name === undefined ? "" : `?${new URLSearchParams({ name })}`;
  const body = await node.postBytes(`/api/tanks/import${query}`, ARCHIVE_TYPE, bytes);
  if (context.wantsJson(command)) return context.printJson(body);
  const { tank, fish_count, forked_from } = readAnswer(importedSchema, body);
  context.print(
    `Created the tank ${tank.name} (${tank.tank_id}) with ${fish_count} fish, from tick ` +
      `${grouped(forked_from.tick)} of ${forked_from.tank_id}.`,
  );
}
