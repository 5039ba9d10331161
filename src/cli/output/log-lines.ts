import { z } from "zod";
import { escapeUnsafe, formatEntry, type LineFormat } from "../../telemetry/log-format.ts";

const lineSchema = z.looseObject({
  time: z.iso.datetime().optional(),
  level: z.enum(["debug", "info", "warn", "error"]),
  msg: z.string(),
  caller: z.string().optional(),
});
const valueSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** Formats the JSON log of a node as text lines. Accepts it in chunks of any size. */
export class LogLines {
  readonly #format: LineFormat;
  /** The beginning of an incomplete line. */
  #begun = "";

  constructor(format: LineFormat) {
    this.#format = format;
  }

  /** The lines that this chunk completes, each with its line end. */
  read(text: string): string {
    const lines = `${this.#begun}${text}`.split("\n");
    this.#begun = lines.pop() ?? "";
    return lines.map((line) => this.#show(line)).join("");
  }

  /** Other lines, like the trace of a crash, are kept, with control characters escaped. */
  #show(line: string): string {
    const entry = lineSchema.safeParse(parse(line)).data;
    if (entry === undefined) return `${escapeUnsafe(line)}\n`;
    const { time, level, msg, caller, ...rest } = entry;
    const fields = Object.entries(rest).map(([name, value]) => {
      const plain = valueSchema.safeParse(value);
      return [name, plain.success ? plain.data : JSON.stringify(value)] as const;
    });
    return formatEntry(
      {
        wallMs: time === undefined ? 0 : Date.parse(time),
        level,
        event: msg,
        fields: Object.fromEntries(fields),
        caller,
      },
      time === undefined ? { ...this.#format, time: "off" } : this.#format,
    );
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
