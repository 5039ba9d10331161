import { resolve } from "node:path";
import type { Command } from "commander";
import { Problem } from "../../../platform/errors.ts";
import { ENGINE_VERSION } from "../../../sim/index.ts";
import { archiveFileName, chronicleOf, type TankArchive } from "../../../tanks/archive/archive.ts";
import { decodeArchive, encodeArchive } from "../../../tanks/archive/archive-file.ts";
import { collectArchive } from "../../../tanks/archive/collect.ts";
import { promiseOf } from "../../../tanks/replay/chronicle.ts";
import { describeReach } from "../../../tanks/replay/reach.ts";
import { escapeUnsafe } from "../../../telemetry/log-format.ts";
import type { CliContext } from "../../context.ts";
import type { NodeClient } from "../../node-access/client.ts";
import { openLocalTank } from "../../node-access/local-tanks.ts";
import { findTank } from "../../node-access/tank-lookup.ts";
import { grouped } from "../../output/numbers.ts";
import { writeFailure } from "../../write-failure.ts";

const STDOUT = "-";

/** To express ticks as time; archives do not store a rate. */
const TICK_RATE = 30;

export interface ExportOrder {
  readonly wanted: string;
  readonly file: string | undefined;
  readonly force: boolean;
}

/** Writes the archive of a tank: from the node, or from its directory if no node runs. */
export async function exportTank(
  context: CliContext,
  command: Command,
  { wanted, file, force }: ExportOrder,
): Promise<void> {
  const { host } = context;
  const json = context.wantsJson(command);
  if (file === STDOUT && json) throw new Problem("usage", "--json and - both use stdout");
  if (file === STDOUT && host.stdout.isTerminal) {
    throw new Problem("usage", "an archive is binary: write it to a file or a pipe");
  }
  // Checked before the work, too, since it is usually a mistake.
  if (file !== undefined && file !== STDOUT) refuseExisting(context, file, force);
  const bytes = await archiveOf(context, command, wanted);
  const archive = decoded(bytes);
  if (file === STDOUT) {
    host.stdout.write(bytes);
    return;
  }
  const name = file ?? archiveFileName(archive.row.name);
  write(context, name, bytes, force);
  const { seq, tick } = promiseOf(chronicleOf(archive));
  const from_tick = archive.base?.snapshot.tick ?? 0;
  const { tank_id, name: called } = archive.row;
  if (json) {
    const { engineVersion: engine_version } = archive;
    context.printJson({
      tank_id,
      name: called,
      file: name,
      bytes: bytes.length,
      from_tick,
      seq,
      tick,
      engine_version,
    });
    return;
  }
  context.print(
    `Wrote ${escapeUnsafe(called)} (${tank_id}), up to tick ${grouped(tick)}, ` +
      `into ${name}: ${grouped(bytes.length)} bytes.`,
  );
  const reach = describeReach({ fromTick: from_tick, toTick: tick, tickRate: TICK_RATE });
  context.print(`The archived past reaches ${reach}.`);
}

async function archiveOf(
  context: CliContext,
  command: Command,
  wanted: string,
): Promise<Uint8Array> {
  const node = await runningNode(context, command);
  if (node) {
    const id = await findTank(node, wanted);
    return node.getBytes(`/api/tanks/${encodeURIComponent(id)}/export`);
  }
  const { chronicle, close } = await openLocalTank(context, command, wanted);
  try {
    const { host } = context;
    const archive = await collectArchive(chronicle, {
      programVersion: host.build.version,
      madeAtMs: host.clock.wallMs(),
      engineVersion: ENGINE_VERSION,
    });
    const encoded = encodeArchive(archive);
    if (encoded.kind === "too_large") throw new Problem("archive_too_large", encoded.detail);
    return encoded.bytes;
  } finally {
    close();
  }
}

/** Undefined where no node runs on this machine, and none was given. */
async function runningNode(context: CliContext, command: Command): Promise<NodeClient | undefined> {
  try {
    return await context.node(command);
  } catch (error) {
    if (error instanceof Problem && error.code === "no_node") return undefined;
    throw error;
  }
}

/** Requires a valid archive before anything is written. */
function decoded(bytes: Uint8Array): TankArchive {
  const read = decodeArchive(bytes);
  if (read.kind === "ok") return read.archive;
  throw new Problem("bad_archive", `the node's answer is not a valid archive: ${read.detail}`);
}

function refuseExisting({ host }: CliContext, name: string, force: boolean): void {
  const there = host.sizeOf(resolve(host.workingDirectory, name)) !== undefined;
  if (there && !force) throw existing(name);
}

function write({ host }: CliContext, name: string, bytes: Uint8Array, force: boolean): void {
  let written: boolean;
  try {
    written = host.writeFile(resolve(host.workingDirectory, name), bytes, force);
  } catch (error) {
    throw writeFailure(name, error);
  }
  if (!written) throw existing(name);
}

function existing(name: string): Problem {
  return new Problem("usage", `${name} exists already: give another name, or --force`);
}
