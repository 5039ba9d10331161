import { z } from "zod";
import { once } from "../../platform/once.ts";

/** One kind of value: how it is parsed from text (flag, environment) or TOML, and described. */
export interface SettingKind<T> {
  /**
   * Created lazily: most settings keep their defaults, and the schemas of the whole table took a
   * twentieth of the processor time of a start.
   */
  readonly schema: () => z.ZodType<T>;
  /** Completes "give …". */
  readonly allowed: string;
  /** A flag of this kind takes no value, one, or may be repeated. */
  readonly shape: "switch" | "single" | "list";
  /** The values, where there are only a few: for help and completion. */
  readonly choices?: readonly string[];
  /** What of a value that is refused as a whole can be used nevertheless. */
  salvage?(raw: unknown): T;
  /** A value as people write it, where that is not its plain text. */
  show?(value: T): string;
}

/** A whole number between two bounds, inclusive. */
export function integer(min: number, max: number): SettingKind<number> {
  const schema = once(() => {
    const fromText = z
      .string()
      .regex(/^\s*\d+\s*$/)
      .transform(Number);
    return z.union([z.int(), fromText]).pipe(z.int().min(min).max(max));
  });
  return {
    schema,
    allowed: `a whole number from ${min} to ${max}`,
    shape: "single",
  };
}

/** Text that a pattern or a function accepts. */
export function text(
  accepts: RegExp | ((value: string) => boolean),
  allowed: string,
): SettingKind<string> {
  const test = accepts instanceof RegExp ? (value: string) => accepts.test(value) : accepts;
  const schema = once(() => z.string().trim().refine(test));
  return { schema, allowed, shape: "single" };
}

/** One of a few words; `aliases` are alternatives for them. */
export function choice<const C extends string>(
  choices: readonly C[],
  aliases: Readonly<Record<string, C>> = {},
): SettingKind<C> {
  const others = Object.keys(aliases);
  const schema = once(() =>
    z
      .string()
      .transform((word) => word.trim().toLowerCase())
      .transform((word) => aliases[word] ?? word)
      .pipe(z.enum(choices)),
  );
  return {
    schema,
    allowed: `one of ${[...choices, ...others].join(", ")}`,
    shape: "single",
    choices,
  };
}

const SWITCH_WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

const switchSchema = once(() => {
  const fromText = z.string().transform((word, context) => {
    const known = SWITCH_WORDS[word.trim().toLowerCase()];
    if (known === undefined) context.addIssue({ code: "custom", message: "not a switch" });
    return known ?? false;
  });
  return z.union([z.boolean(), fromText]);
});

/** On or off. */
export function toggle(): SettingKind<boolean> {
  return {
    schema: switchSchema,
    allowed: "true or false",
    shape: "switch",
  };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** Units in which a duration is shown: the first that divides it. */
const SHOWN_UNITS = ["d", "h", "min", "s", "ms"] as const;

/**
 * A duration like `10s`, in milliseconds; the bounds are inclusive. A number without a unit is
 * refused, except 0.
 */
export function duration(minMs: number, maxMs: number): SettingKind<number> {
  const parse = (value: string, context: z.RefinementCtx) => {
    const [, amount, unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?) ?([a-z]+)$/.exec(value.trim()) ?? [];
    const unitMs = UNIT_MS[unit];
    if (amount !== undefined && unitMs !== undefined) return Math.round(Number(amount) * unitMs);
    if (value.trim() === "0") return 0;
    context.addIssue({ code: "custom", message: "not a duration" });
    return z.NEVER;
  };
  return {
    schema: once(() => z.string().transform(parse).pipe(z.int().min(minMs).max(maxMs))),
    allowed:
      `a duration from ${showDuration(minMs)} to ${showDuration(maxMs)}, ` +
      "like 500ms, 10s, 5min or 1h",
    shape: "single",
    show: showDuration,
  };
}

/** `10s` for 10,000 milliseconds. */
export function showDuration(ms: number): string {
  if (ms === 0) return "0s";
  const unit = SHOWN_UNITS.find(
    (name) => ms >= (UNIT_MS[name] ?? 1) && ms % (UNIT_MS[name] ?? 1) === 0,
  );
  return unit === undefined ? `${ms}ms` : `${ms / (UNIT_MS[unit] ?? 1)}${unit}`;
}

const UNIT_BYTES = { TB: 1e12, GB: 1e9, MB: 1e6, kB: 1e3, B: 1 } as const;
const isByteUnit = (unit: string): unit is keyof typeof UNIT_BYTES => unit in UNIT_BYTES;

/** A size like `4MB`, in bytes, up to a maximum. A number without a unit is in bytes. */
export function size(bytesMax: number): SettingKind<number> {
  const parse = (value: string, context: z.RefinementCtx) => {
    const [, amount, unit] = /^(\d{1,15}(?:\.\d{1,3})?) ?([kMGT]?B)?$/.exec(value.trim()) ?? [];
    const known = unit ?? "B";
    if (amount !== undefined && isByteUnit(known)) return Math.round(+amount * UNIT_BYTES[known]);
    context.addIssue({ code: "custom", message: "not a size" });
    return z.NEVER;
  };
  const schema = once(() =>
    z.union([z.int(), z.string().transform(parse)]).pipe(z.int().min(0).max(bytesMax)),
  );
  return {
    schema,
    allowed: `a size up to ${showSize(bytesMax)}, like 500kB, 4MB or 1GB`,
    shape: "single",
    show: showSize,
  };
}

/** `4MB` for 4,000,000 bytes. */
function showSize(bytes: number): string {
  const isExact = (one: number) => bytes >= one && (bytes * 1000) % one === 0;
  const fitting = Object.entries(UNIT_BYTES).find(([, one]) => isExact(one));
  return fitting ? `${bytes / fitting[1]}${fitting[0]}` : String(bytes);
}

/**
 * Pairs of the form `KEY=VALUE`: repeated flags, text with commas between them, a TOML table or an
 * array of such texts. The last value of a key counts.
 */
export function facts<V extends string | number | boolean>(
  value: SettingKind<V>,
  max: number,
): SettingKind<Readonly<Record<string, V>>> {
  const schema = once(() => {
    const pair = z.tuple([z.string().regex(FACT_KEY), value.schema()]);
    return z
      .union([z.array(z.unknown()), z.string(), z.record(z.string(), z.unknown())])
      .transform((raw, context) => readEach(factsIn(raw), pair, context))
      .transform((pairs) => Object.fromEntries(pairs))
      .refine((table) => Object.keys(table).length <= max);
  });
  return {
    schema,
    allowed:
      `KEY=VALUE with a key of up to 64 letters, digits and . _ - and ${value.allowed} as value; ` +
      `several are separated by commas, at most ${max}`,
    shape: "list",
    show: (table) =>
      Object.entries(table)
        .map(([key, one]) => `${key}=${one}`)
        .join(", "),
  };
}

const FACT_KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

function factsIn(raw: string | readonly unknown[] | object): readonly Entry[] {
  const isText = typeof raw === "string" || Array.isArray(raw);
  if (!isText) return Object.entries(raw).map((pair) => ({ raw: pair, shown: pair.join("=") }));
  const texts: readonly unknown[] = typeof raw === "string" ? splitCommas(raw) : raw;
  return texts.map((shown) => {
    const [, key, one] = (typeof shown === "string" && /^([^=]+)=(.*)$/s.exec(shown)) || [];
    return { raw: key === undefined ? shown : [key.trim(), one?.trim()], shown };
  });
}

/** Several values of one kind: a TOML array, or text with commas between them. */
export function list<T>(item: SettingKind<T>, max: number): SettingKind<readonly T[]> {
  const schema = once(() =>
    z
      .union([z.array(z.unknown()), z.string()])
      .transform((raw, context) => readEach(entriesIn(raw), item.schema(), context))
      .refine((items) => items.length <= max),
  );
  return {
    schema,
    allowed: `${item.allowed}; several are separated by commas, at most ${max}`,
    shape: "list",
    ...(item.choices ? { choices: item.choices } : {}),
  };
}

/** One of several values. */
interface Entry {
  readonly raw: unknown;
  /** As it was given. */
  readonly shown: unknown;
}

function entriesIn(raw: string | readonly unknown[]): readonly Entry[] {
  return [raw]
    .flat()
    .flatMap((part: unknown) => (typeof part === "string" ? splitCommas(part) : [part]))
    .map((part) => ({ raw: part, shown: part }));
}

function splitCommas(value: string): string[] {
  return value
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** The issue of the first wrong one has it in `params`: see {@link wrongPart}. */
function readEach<T>(
  entries: readonly Entry[],
  schema: z.ZodType<T>,
  context: z.RefinementCtx,
): readonly T[] {
  const items: T[] = [];
  for (const { raw, shown } of entries) {
    const read = schema.safeParse(raw);
    if (!read.success) {
      context.addIssue({ code: "custom", message: "not such a list", params: { wrong: shown } });
      return z.NEVER;
    }
    items.push(read.data);
  }
  return items;
}

/** Of a refused list the first value that is wrong; else all that was refused. */
export function wrongPart(error: z.ZodError, refused: unknown): unknown {
  const [issue] = error.issues;
  return issue?.code === "custom" && issue.params ? issue.params["wrong"] : refused;
}
