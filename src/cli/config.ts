import type { Command } from "commander";
import type { Setting } from "../node/settings.ts";
import { fileKeyOf, SETTING_KEYS, SETTINGS } from "../node/settings.ts";
import type { CliContext } from "./context.ts";
import { defaultDataDirectory } from "./directories.ts";
import { addSettingOptions, NODE_SETTINGS } from "./options.ts";
import { formatTable } from "./table.ts";

/** `tankd config`: every setting, its value, and where the value came from. */
export function addConfig(program: Command, context: CliContext): void {
  const config = program
    .command("config")
    .description("show every setting, and where its value came from")
    .action((_options: unknown, command: Command) => {
      const settings = rows(context, command);
      if (context.wantsJson(command)) return context.printJson({ settings });
      context.print(
        formatTable(
          ["SETTING", "VALUE", "FROM", "ENVIRONMENT"],
          settings.map(({ key, value, origin, env }) => [
            key,
            value === null ? context.paint("dim", "-") : shown(value),
            origin,
            env ?? "",
          ]),
        ),
      );
    });
  addSettingOptions(config, NODE_SETTINGS);
}

interface ConfigRow {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
  readonly env: string | null;
}

function rows(context: CliContext, command: Command): readonly ConfigRow[] {
  const { values, origins } = context.settings(command);
  return SETTING_KEYS.map((key) => {
    const definition: Setting<unknown, unknown> = SETTINGS[key];
    const { kind, where } = origins[key];
    const raw =
      key === "dataDir" ? (values.dataDir ?? defaultDataDirectory(context.host)) : values[key];
    return {
      key: fileKeyOf(key),
      value: raw === undefined ? null : definition.secret ? "(secret)" : raw,
      origin: kind === "default" ? "default" : where,
      env: definition.env ?? null,
    };
  });
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.join(", ") || "-";
  return String(value);
}
