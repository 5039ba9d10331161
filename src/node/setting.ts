import type { BackendName } from "../discovery/backend-names.ts";
import type { SettingKind } from "./setting-kinds.ts";

/**
 * One setting. Everything that is said about settings is made from the table in `settings.ts`: the
 * flags, the environment, the keys of `tankd.toml`, `tankd config`, help, completions and the
 * reference in docs. The key in the file is the table's key in snake_case.
 */
export interface Setting<T, D extends T | undefined> {
  readonly kind: SettingKind<T>;
  readonly default: D;
  /** Without a flag: a setting of the environment and the file alone. */
  readonly flag?: string;
  /** Another flag for the same. */
  readonly flagAlias?: string;
  /** What stands for the value in help. */
  readonly placeholder?: string;
  /** Without one: a setting of the file alone. */
  readonly env?: string;
  readonly help: string;
  /** What the default is where it is worked out at run time. */
  readonly defaultHelp?: string;
  /** Its value is run as a command: obeyed only from a file that nobody else could have written. */
  readonly runsCommand?: true;
  /**
   * What a word of this setting says of others, by their keys. It counts where it was said (flag,
   * environment or file); what was said of them there themselves may not contradict it.
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
