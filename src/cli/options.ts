import type { Command } from "commander";
import { Option } from "commander";
import { showValue } from "../node/settings/setting.ts";
import type { Setting, SettingKey } from "../node/settings/table.ts";
import { SETTING_KEYS, SETTINGS } from "../node/settings/table.ts";
import type { Flags } from "./settings-sources.ts";

type AnySetting = Setting<unknown, unknown>;

/** Settings whose flags are valid for every command. */
export const GLOBAL_SETTINGS: readonly SettingKey[] = ["config", "dataDir", "url"];

/** Settings of a node, which are flags of `start`. */
export const NODE_SETTINGS: readonly SettingKey[] = SETTING_KEYS.filter(
  (key) => !GLOBAL_SETTINGS.includes(key) && "flag" in SETTINGS[key],
);

/** Adds the flags of these settings to `command`. */
export function addSettingOptions(command: Command, keys: readonly SettingKey[]): void {
  for (const key of keys) {
    const definition: AnySetting = SETTINGS[key];
    const { flag, flagAlias } = definition;
    if (flag === undefined) continue;
    command.addOption(optionOf(definition, flag, helpOf(definition)));
    if (flagAlias) command.addOption(optionOf(definition, flagAlias, `the same as ${flag}`));
  }
}

function optionOf(definition: AnySetting, flag: string, help: string): Option {
  const { kind, placeholder } = definition;
  const option = new Option(kind.shape === "switch" ? flag : `${flag} <${placeholder}>`, help);
  if (kind.shape === "list") option.argParser(appendWord);
  // For help and completion only; `choices()` would refuse values with a message of its own.
  if (kind.choices) option.argChoices = [...kind.choices];
  return option;
}

/** Collects the values of a flag that may be repeated. */
export function appendWord(
  value: string,
  before: readonly string[] | undefined,
): readonly string[] {
  return [...(before ?? []), value];
}

function helpOf(definition: AnySetting): string {
  const notes: string[] = [];
  const shown = definition.defaultHelp ?? showValue(definition, definition.default);
  if (definition.kind.shape !== "switch" && shown !== "") notes.push(`default: ${shown}`);
  if (definition.env) notes.push(`env: ${definition.env}`);
  return notes.length > 0 ? `${definition.help} (${notes.join("; ")})` : definition.help;
}

/** The settings that were given as flags to `command` or before it. */
export function flagsOf(command: Command): Flags {
  const flags: Partial<Record<SettingKey, unknown>> = {};
  for (const key of SETTING_KEYS) {
    const definition: AnySetting = SETTINGS[key];
    for (const flag of [definition.flagAlias, definition.flag]) {
      const value = flag && givenValue(command, flag);
      if (value !== undefined) flags[key] = value;
    }
  }
  return flags;
}

/** The value of a flag that was given; commander's own defaults (of `--no-…`) do not count. */
function givenValue(command: Command, flag: string): unknown {
  const name = new Option(flag).attributeName();
  for (let at: Command | null = command; at; at = at.parent) {
    if (at.getOptionValueSource(name) === "cli") return at.getOptionValue(name);
  }
  return undefined;
}
