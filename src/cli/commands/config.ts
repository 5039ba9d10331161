import { join, resolve } from "node:path";
import type { Command } from "commander";
import {
  type SettingsView,
  type ShownSetting,
  settingsViewSchema,
} from "../../api/settings-view.ts";
import { joinedHub } from "../../cluster/membership/joined-hub.ts";
import { nameOnRecord } from "../../node/kept-name.ts";
import { showSettings } from "../../node/settings/shown.ts";
import type { SettingKey } from "../../node/settings/table.ts";
import { settledSettings } from "../../node/settled-settings.ts";
import { Problem } from "../../platform/errors.ts";
import { openSqliteReader } from "../../store/sqlite/reader.ts";
import { DATABASE_FILE } from "../../store/sqlite/store.ts";
import type { CliContext } from "../context.ts";
import type { NodeClient } from "../node-access/client.ts";
import { defaultDataDirectory } from "../node-access/directories.ts";
import { addSettingOptions, flagsOf, NODE_SETTINGS } from "../options.ts";
import { readAnswer } from "../output/answer.ts";
import { formatTable } from "../output/table.ts";

/** `tankd config`: every setting, with its value and the origin of the value. */
export function defineConfig(config: Command, context: CliContext): void {
  config
    .option("--file", "what a start here would use, also where a node runs")
    .addHelpText(
      "after",
      `
Where a node runs, its settings are shown: those that it was started with. With --file, with
options of tankd start, or where none runs: what such a start would use.`,
    )
    .action(async (options: { file?: boolean }, command: Command) => {
      const body = isOfStart(context, command, options)
        ? await ofStart(context, command)
        : await ofNode(context, command);
      if (context.wantsJson(command)) return context.printJson(body);
      const { settings, faults } = readAnswer(settingsViewSchema, body);
      for (const fault of faults) context.say(fault);
      context.print(describe(context, settings));
    });
  addSettingOptions(config, NODE_SETTINGS);
}

/** Options that say which node is meant, while all others are of a start. */
const ADDRESSING: readonly string[] = ["dataDir", "url"] satisfies SettingKey[];

/** @throws Problem `usage` where a node elsewhere is meant, too. */
function isOfStart(context: CliContext, command: Command, options: { file?: boolean }): boolean {
  const given = Object.keys(flagsOf(command));
  const isOfStart = options.file || given.some((key) => !ADDRESSING.includes(key));
  if (isOfStart && context.settings(command, ["url"]).origins.url.kind === "flag") {
    throw new Problem("usage", "--url asks a running node; leave it out, or what is of a start");
  }
  return isOfStart;
}

/** The running node's, or what a start here would use where there is none. */
async function ofNode(context: CliContext, command: Command): Promise<unknown> {
  const node = await runningNode(context, command);
  if (node === undefined) {
    context.say("no node is running here; this is what tankd start would use");
    return ofStart(context, command);
  }
  const body = await asked(node);
  const { server_id } = readAnswer(settingsViewSchema, body);
  context.say(
    `the settings of the running node ${server_id} at ${node.url}; ` +
      "what a start here would use: tankd config --file",
  );
  return body;
}

async function runningNode(context: CliContext, command: Command): Promise<NodeClient | undefined> {
  try {
    return await context.node(command);
  } catch (error) {
    if (error instanceof Problem && error.code === "no_node") return undefined;
    throw error;
  }
}

async function asked(node: NodeClient): Promise<unknown> {
  try {
    return await node.getWithToken("/api/config");
  } catch (error) {
    if (!(error instanceof Problem && error.code === "token_required")) throw error;
    throw new Problem(
      error.code,
      `${error.message}; what a start here would use: tankd config --file`,
      { cause: error },
    );
  }
}

async function ofStart(context: CliContext, command: Command): Promise<SettingsView> {
  const resolved = context.settings(command);
  const { values } = resolved;
  const { host } = context;
  const directory = values.dataDir ?? defaultDataDirectory(host);
  const dataDirectory = resolve(host.workingDirectory, directory);
  const kept = await keptIn(context, dataDirectory);
  const settled = settledSettings(values, {
    dataDirectory,
    name: values.name ?? kept.name,
    hub: kept.hub,
  });
  return { node_id: null, server_id: null, ...showSettings(resolved, settled) };
}

/** What an earlier node of the directory has left for the next one, as far as it can be read. */
async function keptIn(context: CliContext, directory: string) {
  const path = join(directory, DATABASE_FILE);
  if (context.host.sizeOf(path) === undefined) return { name: undefined, hub: undefined };
  try {
    const journal = openSqliteReader(path);
    try {
      return { name: await nameOnRecord(journal), hub: await joinedHub(journal) };
    } finally {
      journal.close();
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    context.say(`${error.message} A name that was given earlier is not shown.`);
    return { name: undefined, hub: undefined };
  }
}

function describe(context: CliContext, settings: readonly ShownSetting[]): string {
  return formatTable(
    ["SETTING", "VALUE", "FROM", "ENVIRONMENT"],
    settings.map(({ key, value, origin, env }) => [
      key,
      textOf(value) || context.paint("dim", "-"),
      origin,
      env ?? "",
    ]),
  );
}

/** A value as it is written in settings. */
function textOf(value: ShownSetting["value"]): string {
  if (value === null) return "";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([key, one]) => `${key}=${one}`)
    .join(", ");
}
