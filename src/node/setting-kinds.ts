import { z } from "zod";

/** One kind of value: how it is read from text (flag, environment) or TOML, and what to tell people. */
export interface SettingKind<T> {
  readonly schema: z.ZodType<T>;
  /** Completes "give …". */
  readonly allowed: string;
  /** A flag of this kind takes no value, one, or may be repeated. */
  readonly shape: "switch" | "single" | "list";
  /** The values, where there are only a few: for help and completion. */
  readonly choices?: readonly string[];
}

/** A whole number between two bounds, both allowed. */
export function integer(min: number, max: number): SettingKind<number> {
  const fromText = z
    .string()
    .regex(/^\s*\d+\s*$/)
    .transform(Number);
  return {
    schema: z.union([z.int(), fromText]).pipe(z.int().min(min).max(max)),
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
  return { schema: z.string().trim().refine(test), allowed, shape: "single" };
}

/** One of a few words; `aliases` are other words for them. */
export function choice<const C extends string>(
  choices: readonly C[],
  aliases: Readonly<Record<string, C>> = {},
): SettingKind<C> {
  const others = Object.keys(aliases);
  const known = z
    .string()
    .transform((word) => word.trim().toLowerCase())
    .transform((word) => aliases[word] ?? word);
  return {
    schema: known.pipe(z.enum(choices)),
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

/** On or off. */
export function toggle(): SettingKind<boolean> {
  const fromText = z.string().transform((word, context) => {
    const known = SWITCH_WORDS[word.trim().toLowerCase()];
    if (known === undefined) context.addIssue({ code: "custom", message: "not a switch" });
    return known ?? false;
  });
  return {
    schema: z.union([z.boolean(), fromText]),
    allowed: "true or false",
    shape: "switch",
  };
}

/** Several values of one kind: a TOML array, or text with commas between them. */
export function list<T>(item: SettingKind<T>, max: number): SettingKind<readonly T[]> {
  const fromText = z.string().transform(splitCommas);
  const texts = z
    .union([z.array(z.string()), fromText])
    .transform((entries) => entries.flatMap(splitCommas));
  return {
    schema: texts.transform((entries, context) => readItems(item, entries, max, context)),
    allowed: `${item.allowed}; several are separated by commas, at most ${max}`,
    shape: "list",
    ...(item.choices ? { choices: item.choices } : {}),
  };
}

function splitCommas(value: string): string[] {
  return value
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

function readItems<T>(
  item: SettingKind<T>,
  entries: readonly string[],
  max: number,
  context: z.RefinementCtx,
): readonly T[] {
  const read = z.array(item.schema).max(max).safeParse(entries);
  if (read.success) return read.data;
  context.addIssue({ code: "custom", message: "not such a list" });
  return z.NEVER;
}
