import type { Command } from "commander";
import { showValue } from "../../node/settings/setting.ts";
import type { Setting, SettingKey, Settings } from "../../node/settings/table.ts";
import { fileKeyOf, SETTING_KEYS, SETTINGS } from "../../node/settings/table.ts";
import { isTimingKey, TIMING_OF_SETTING, timingOf } from "../../node/timing.ts";
import type { CliContext } from "../context.ts";
import { defaultDataDirectory } from "../node-access/directories.ts";
import { addSettingOptions, NODE_SETTINGS } from "../options.ts";
import { formatTable } from "../output/table.ts";

/** `tankd config`: every setting, with its value and the origin of the value. */
export function defineConfig(config: Command, context: CliContext): void {
  config.action((_options: unknown, command: Command) => {
    const settings = rows(context, command);
    if (context.wantsJson(command)) {
      return context.printJson({ settings: settings.map(({ text, ...row }) => row) });
    }
    context.print(
      formatTable(
        ["SETTING", "VALUE", "FROM", "ENVIRONMENT"],
        settings.map(({ key, text, origin, env }) => [
          key,
          text === "" ? context.paint("dim", "-") : text,
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
  /** The value as it is written in settings. */
  readonly text: string;
  readonly origin: string;
  readonly env: string | null;
}

function rows(context: CliContext, command: Command): readonly ConfigRow[] {
  const { values, origins, faults } = context.settings(command);
  for (const { reason } of faults) context.say(reason);
  return SETTING_KEYS.map((key) => {
    const definition: Setting<unknown, unknown> = SETTINGS[key];
    const { kind, where } = origins[key];
    const raw = settledValue(context, key, values);
    const shown = definition.secret && raw !== undefined ? "(secret)" : undefined;
    const text = shown ?? showValue(definition, raw);
    // A number has no unit.
    const value = shown ?? (typeof raw === "number" && definition.kind.show ? text : raw);
    const byProfile = kind === "default" && isTimingKey(key) && values.profile !== "default";
    return {
      key: fileKeyOf(key),
      value: value ?? null,
      text,
      origin: byProfile ? `profile ${values.profile}` : kind === "default" ? "default" : where,
      env: definition.env ?? null,
    };
  });
}

/** The effective value of a default that is determined at run time. */
function settledValue(context: CliContext, key: SettingKey, values: Settings): unknown {
  if (key === "dataDir") return values.dataDir ?? defaultDataDirectory(context.host);
  if (isTimingKey(key)) return timingOf(values.profile, values)[TIMING_OF_SETTING[key]];
  return values[key];
}
