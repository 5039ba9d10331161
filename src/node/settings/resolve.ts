import { Problem } from "../../platform/errors.ts";
import { lacking, refuseForLease, type SettingFault } from "./faults.ts";
import { wrongPart } from "./kinds.ts";
import { closest } from "./spelling.ts";
import type { Setting, SettingKey, Settings } from "./table.ts";
import { fileKeyOf, SETTING_KEYS, SETTINGS } from "./table.ts";

/** A `tankd.toml`, with its parsed content. */
export interface SettingsFile {
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** Whether it was found in the working directory, which may contain files of others. */
  readonly isOfWorkingDirectory?: boolean;
  /** Others than this user and root who can write the file, like `every user of this machine`. */
  readonly alsoWrittenBy?: string | undefined;
}

/** All sources of settings, as data. */
export interface SettingSources {
  /** Raw values by setting, as far as they were given. */
  readonly flags: Partial<Readonly<Record<SettingKey, unknown>>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** In order of precedence, highest first. */
  readonly files: readonly SettingsFile[];
  /** Reads the file that a `…_FILE` variable names; throws Problem when it cannot be read. */
  readonly readSecret: (path: string, variable: string) => string;
}

/** The origin of a value. `where` is the flag, the variable or the file; empty for a default. */
export interface Origin {
  readonly kind: "flag" | "environment" | "file" | "default";
  readonly where: string;
}

export interface ResolvedSettings {
  readonly values: Settings;
  /** Their settings have their defaults, but for backends by name that could be read. */
  readonly faults: readonly SettingFault[];
  readonly origins: Readonly<Record<SettingKey, Origin>>;
}

interface Found {
  readonly raw: unknown;
  readonly origin: Origin;
}

interface FoundPreset extends Found {
  /** The setting that implies it, like `mode discovery`. */
  readonly by: string;
}

type AnySetting = Setting<unknown, unknown>;

/**
 * Flag over environment over file over default, each value with its origin. Settings outside
 * `keys` keep their defaults, unread.
 * @throws Problem `bad_setting` for a value that is not allowed and for unknown keys in a file.
 */
export function resolveSettings(
  sources: SettingSources,
  keys: readonly SettingKey[] = SETTING_KEYS,
): ResolvedSettings {
  for (const file of sources.files) checkKeys(file);
  const values: Partial<Record<SettingKey, unknown>> = {};
  const origins: Partial<Record<SettingKey, Origin>> = {};
  const faults: SettingFault[] = [];
  const presets = findPresets(sources, keys);
  for (const key of SETTING_KEYS) {
    const { value, origin, fault } = keys.includes(key)
      ? settleOrFail(key, sources, presets.get(key))
      : unsaid(key);
    values[key] = value;
    origins[key] = origin;
    if (fault) faults.push(fault);
  }
  // Every key of the table was set above, each to the output of its own schema.
  const settled = values as Settings;
  const isTyped = origins.discovery?.kind === "flag";
  refuseForLease(settled, faults);
  return {
    values: settled,
    faults: [...faults, ...lacking(settled, faults, isTyped)],
    origins: origins as Record<SettingKey, Origin>,
  };
}

interface Settled {
  readonly value: unknown;
  readonly origin: Origin;
  readonly fault?: SettingFault;
}

function unsaid(key: SettingKey): Settled {
  return { value: SETTINGS[key].default, origin: { kind: "default", where: "" } };
}

/** What is wrong with one backend, and was not typed just now, is no reason to stay down. */
function settleOrFail(
  key: SettingKey,
  sources: SettingSources,
  preset: FoundPreset | undefined,
): Settled {
  try {
    return settle(key, sources, preset);
  } catch (error) {
    const definition: AnySetting = SETTINGS[key];
    const { failsOnly: backend, kind } = definition;
    const isForgivable = error instanceof Problem && error.code === "bad_setting";
    const isTyped = sources.flags[key] !== undefined;
    if (backend === undefined || isTyped || !isForgivable) throw error;
    const rest = kind.salvage?.(find(key, definition, sources)?.raw);
    const { value, origin } = unsaid(key);
    return { value: rest ?? value, origin, fault: { backend, key, reason: error.message } };
  }
}

function settle(
  key: SettingKey,
  sources: SettingSources,
  preset: FoundPreset | undefined,
): Settled {
  const definition: AnySetting = SETTINGS[key];
  const own = find(key, definition, sources);
  if (own && preset) refuseContradiction(key, own, preset);
  const found = stronger(own, preset);
  if (!found) return unsaid(key);
  return { value: read(key, definition, found), origin: found.origin };
}

const STRENGTH: readonly Origin["kind"][] = ["default", "file", "environment", "flag"];

/** The value of a setting itself, unless a preset comes from a source of higher precedence. */
function stronger(own: Found | undefined, preset: Found | undefined): Found | undefined {
  if (own === undefined || preset === undefined) return own ?? preset;
  const [mine, others] = [own, preset].map(({ origin }) => STRENGTH.indexOf(origin.kind));
  return (mine ?? 0) >= (others ?? 0) ? own : preset;
}

/**
 * Refuses a setting and a preset that contradict each other in one source. Different sources have
 * an order of precedence.
 * @throws Problem `bad_setting`
 */
function refuseContradiction(key: SettingKey, own: Found, preset: FoundPreset): void {
  const { kind, where } = own.origin;
  const isTogether =
    kind === preset.origin.kind && (kind === "flag" || where === preset.origin.where);
  if (!isTogether) return;
  const definition: AnySetting = SETTINGS[key];
  const wanted = read(key, definition, own);
  if (wanted === read(key, definition, preset)) return;
  const at = kind === "flag" ? "" : ` (${where})`;
  throw new Problem(
    "bad_setting",
    `${preset.by} means ${fileKeyOf(key)} ${preset.raw}, not ${wanted}: ` +
      `leave one of them out${at}.`,
  );
}

/** The values that presets give to other settings. */
function findPresets(
  sources: SettingSources,
  keys: readonly SettingKey[],
): ReadonlyMap<SettingKey, FoundPreset> {
  const presets = new Map<SettingKey, FoundPreset>();
  for (const key of keys) {
    const definition: AnySetting = SETTINGS[key];
    const found = definition.presets && find(key, definition, sources);
    if (!found) continue;
    const word = String(read(key, definition, found));
    const by = `${fileKeyOf(key)} ${word}`;
    const preset = definition.presets?.[word] ?? {};
    for (const other of SETTING_KEYS) {
      if (other in preset) presets.set(other, { ...found, raw: preset[other], by });
    }
  }
  return presets;
}

function find(key: SettingKey, definition: AnySetting, sources: SettingSources): Found | undefined {
  const flag = sources.flags[key];
  if (flag !== undefined) {
    return { raw: flag, origin: { kind: "flag", where: definition.flag ?? key } };
  }
  return findInEnvironment(definition, sources) ?? findInFiles(key, definition, sources.files);
}

/** An empty variable counts as unset: Compose files and systemd units omit one that way. */
function findInEnvironment(definition: AnySetting, sources: SettingSources): Found | undefined {
  const { env } = definition;
  if (env === undefined) return undefined;
  const raw = sources.environment[env];
  if (raw) return { raw, origin: { kind: "environment", where: env } };
  const fileVariable = `${env}_FILE`;
  const path = definition.secret && sources.environment[fileVariable];
  if (!path) return undefined;
  const secret = sources.readSecret(path, fileVariable).trim();
  return { raw: secret, origin: { kind: "environment", where: fileVariable } };
}

/** @throws Problem `bad_setting` for a command from a file that others may have written. */
function findInFiles(
  key: SettingKey,
  { runsCommand }: AnySetting,
  files: readonly SettingsFile[],
): Found | undefined {
  const fileKey = fileKeyOf(key);
  for (const file of files) {
    const raw = file.content[fileKey];
    if (raw === undefined) continue;
    if (runsCommand) refuseCommandOf(file, fileKey);
    return { raw, origin: { kind: "file", where: file.path } };
  }
  return undefined;
}

function refuseCommandOf(file: SettingsFile, fileKey: string): void {
  const refused = `${fileKey} in ${file.path} is refused`;
  if (file.isOfWorkingDirectory) {
    throw new Problem(
      "bad_setting",
      `${refused}, since that file is in the working directory: move the line to ` +
        "/etc/tankd/tankd.toml, tankd/tankd.toml in $XDG_CONFIG_HOME (~/.config), or a file " +
        "that --config names.",
    );
  }
  if (file.alsoWrittenBy === undefined) return;
  throw new Problem(
    "bad_setting",
    `${refused}, since ${file.alsoWrittenBy} can write that file: ` +
      "restrict its permissions (chown, chmod go-w) or remove the line.",
  );
}

function read(key: SettingKey, definition: AnySetting, found: Found): unknown {
  const parsed = definition.kind.schema().safeParse(found.raw);
  if (parsed.success) return parsed.data;
  const value = definition.secret ? "what it is" : shown(wrongPart(parsed.error, found.raw));
  throw new Problem(
    "bad_setting",
    `${fileKeyOf(key)} cannot be ${value} (from ${found.origin.where}): ` +
      `give ${definition.kind.allowed}.`,
  );
}

/** Of a value that is refused: it may be a whole file. */
const SHOWN_CHARACTERS_MAX = 200;

/** A URL is refused for the password that it has, too. */
function shown(raw: unknown): string {
  if (Array.isArray(raw)) return raw.length === 0 ? "empty" : shown(raw.map(String).join(", "));
  if (typeof raw === "object" && raw !== null) return "a table";
  if (typeof raw !== "string") return String(raw);
  const text = raw.replaceAll(/(\/\/[^/:@"\s]*):[^/"\s]*@/g, "$1:…@");
  const isLong = text.length > SHOWN_CHARACTERS_MAX;
  return `"${isLong ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text}"`;
}

/** Keys of the file. Secrets have none, since such files are often world-readable. */
const FILE_KEYS: readonly string[] = SETTING_KEYS.filter(
  (key) => !("secret" in SETTINGS[key] || "choosesFiles" in SETTINGS[key]),
).map(fileKeyOf);

function checkKeys(file: SettingsFile): void {
  for (const key of Object.keys(file.content)) {
    if (FILE_KEYS.includes(key)) continue;
    const guess = closest(key, FILE_KEYS);
    const hint = guess ? `did you mean "${guess}"?` : `the known ones are ${FILE_KEYS.join(", ")}.`;
    throw new Problem("bad_setting", `${file.path} has the unknown key "${key}"; ${hint}`);
  }
}
