import type { SettingsView, ShownSetting } from "../../api/settings-view.ts";
import { isTimingKey, TIMING_OF_SETTING, timingOf } from "../timing.ts";
import type { ResolvedSettings } from "./resolve.ts";
import { showValue } from "./setting.ts";
import { fileKeyOf, SETTING_KEYS, SETTINGS, type Setting, type SettingKey } from "./table.ts";

/** What a setting came to be, where that is not what it was set to. */
export interface Settled {
  readonly value: unknown;
  /** Where that comes from; where the setting does, when it is left out. */
  readonly origin?: string;
}

export type SettledSettings = Partial<Readonly<Record<SettingKey, Settled>>>;

/** Every setting in the order of the table, without secrets. */
export function showSettings(
  resolved: ResolvedSettings,
  settled: SettledSettings = {},
): Pick<SettingsView, "settings" | "faults"> {
  return {
    settings: SETTING_KEYS.map((key) => shown(key, resolved, settled[key])),
    faults: resolved.faults.map(({ reason }) => reason),
  };
}

function shown(
  key: SettingKey,
  { values, origins }: ResolvedSettings,
  settled: Settled | undefined,
): ShownSetting {
  const definition: Setting<unknown, unknown> = SETTINGS[key];
  const { kind, where } = origins[key];
  const raw = settled ? settled.value : effective(key, values);
  const isByProfile = kind === "default" && isTimingKey(key) && values.profile !== "default";
  const origin = isByProfile ? `profile ${values.profile}` : kind === "default" ? kind : where;
  return {
    key: fileKeyOf(key),
    value: definition.secret && raw !== undefined ? "(secret)" : plain(definition, raw),
    origin: settled?.origin ?? origin,
    env: definition.env ?? null,
  };
}

/** The timing of a profile is no default of the single settings. */
function effective(key: SettingKey, values: ResolvedSettings["values"]): unknown {
  return isTimingKey(key) ? timingOf(values.profile, values)[TIMING_OF_SETTING[key]] : values[key];
}

/** A number has no unit, so what has one is shown as people write it. */
function plain(definition: Setting<unknown, unknown>, raw: unknown): ShownSetting["value"] {
  if (raw === undefined) return null;
  if (typeof raw === "number" && definition.kind.show) return showValue(definition, raw);
  // The value of a setting is what its kind makes of text: a word, a list or a table of words.
  return raw as ShownSetting["value"];
}
