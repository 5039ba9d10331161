import type { BackendName } from "../../discovery/backend-names.ts";
import type { SettingKind } from "./kinds.ts";

/**
 * One setting. All uses of settings are derived from the table in `settings.ts`: the flags, the
 * environment, the keys of `tankd.toml`, `tankd config`, help, completions and the reference in
 * docs. The key in the file is the table's key in snake_case.
 */
export interface Setting<T, D extends T | undefined> {
  readonly kind: SettingKind<T>;
  readonly default: D;
  /** Without a flag, only the environment and the file can set it. */
  readonly flag?: string;
  /** An alternative flag. */
  readonly flagAlias?: string;
  /** Placeholder of the value in help. */
  readonly placeholder?: string;
  /** Without a variable, only the file can set it. */
  readonly env?: string;
  readonly help: string;
  /** Describes a default that is determined at run time. */
  readonly defaultHelp?: string;
  /** It selects the files that are read, so it cannot be set in one. */
  readonly choosesFiles?: true;
  /** Its value is run as a command: accepted only from a file that no other user can write. */
  readonly runsCommand?: true;
  /**
   * Values that a word of this setting gives to other settings, by key. They have the precedence of
   * its source (flag, environment or file), and must not contradict explicit values there.
   */
  readonly presets?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /**
   * What the environment or a file says wrongly of it is a failure of this backend alone, and of
   * `discovery` one of the words that choose them. On the command line nothing is let pass.
   */
  readonly failsOnly?: FaultyBackend;
  /** Never shown; also taken from the file that `<env>_FILE` names. */
  readonly secret?: true;
}

/** Which part of discovery has failed: a backend, or the choice of them. */
export type FaultyBackend = BackendName | "discovery";

/** All of a table concern one backend alone. */
export function ofBackend<const T extends Readonly<Record<string, object>>>(
  failsOnly: BackendName,
  table: T,
): { readonly [K in keyof T]: T[K] & { readonly failsOnly: BackendName } } {
  const entries = Object.entries(table).map(([key, one]) => [key, { ...one, failsOnly }]);
  return Object.fromEntries(entries);
}

/** Keeps the types of kind and default together. */
export function setting<T, const D extends T | undefined>(
  definition: Setting<T, D>,
): Setting<T, D> {
  return definition;
}

/** A value as it is shown to people; empty for none. */
export function showValue({ kind }: Setting<unknown, unknown>, value: unknown): string {
  if (value === undefined) return "";
  if (kind.show) return kind.show(value);
  return Array.isArray(value) ? value.join(", ") : String(value);
}
