import { z } from "zod";
import { once } from "../platform/once.ts";

/** One kind of value: how it is read from text (flag, environment) or TOML, and what to tell people. */
export interface SettingKind<T> {
  /**
   * Made when a value is read: most settings keep their defaults, and the schemas of the whole table
   * took a twentieth of the processor time of a start.
   */
  readonly schema: () => z.ZodType<T>;
  /** Completes "give …". */
  readonly allowed: string;
  /** A flag of this kind takes no value, one, or may be repeated. */
  readonly shape: "switch" | "single" | "list";
  /** The values, where there are only a few: for help and completion. */
  readonly choices?: readonly string[];
}

/** A whole number between two bounds, both allowed. */
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

/** One of a few words; `aliases` are other words for them. */
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

/** Several values of one kind: a TOML array, or text with commas between them. */
export function list<T>(item: SettingKind<T>, max: number): SettingKind<readonly T[]> {
  const schema = once(() => {
    const fromText = z.string().transform(splitCommas);
    return z
      .union([z.array(z.string()), fromText])
      .transform((entries) => entries.flatMap(splitCommas))
      .transform((entries, context) => readItems(item, entries, max, context));
  });
  return {
    schema,
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
  const read = z.array(item.schema()).max(max).safeParse(entries);
  if (read.success) return read.data;
  context.addIssue({ code: "custom", message: "not such a list" });
  return z.NEVER;
}
