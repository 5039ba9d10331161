import { expect, test } from "bun:test";
import fc from "fast-check";
import { createLog, type LogSettings } from "../../src/telemetry/logtape.ts";

const clock = { wallMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678), monotonicMs: () => 0 };

/** A log and the lines it wrote. */
function logTo(settings: Partial<LogSettings> = {}, isTerminal = false) {
  const written: string[] = [];
  const all: LogSettings = {
    level: "info",
    format: "auto",
    caller: "off",
    time: "rfc3339ms",
    noColor: false,
    ...settings,
  };
  const log = createLog(all, { isTerminal, write: (line) => void written.push(line) }, clock);
  return { log, written };
}

test("elsewhere than on a terminal a line is one JSON object", () => {
  const { log, written } = logTo();
  log.warn("role changed", { role: "hub", term: 3, forced: false, before: null, gone: undefined });
  expect(written).toEqual([
    '{"time":"2026-01-02T03:04:05.678Z","level":"warn","msg":"role changed",' +
      '"role":"hub","term":3,"forced":false,"before":null}\n',
  ]);
});

test("on a terminal it is text", () => {
  const { log, written } = logTo({ noColor: true }, true);
  log.info("role decided", { role: "hub", server: "a b", equation: "a=b", empty: "" });
  expect(written).toEqual([
    '2026-01-02T03:04:05.678Z INFO  role decided role=hub server="a b" equation="a=b" empty=""\n',
  ]);
});

test.each<[LogSettings["format"], boolean, boolean, boolean]>([
  ["auto", true, false, true],
  ["auto", true, true, false],
  ["auto", false, false, false],
  ["text", true, false, true],
  ["text", false, false, false],
  ["json", true, false, false],
])("format %s, terminal %p, no colour %p: coloured %p", (format, terminal, noColor, coloured) => {
  const { log, written } = logTo({ format, noColor }, terminal);
  log.error("event");
  expect(written.join("").includes("\x1b[")).toBe(coloured);
});

test.each<[LogSettings["level"], string[]]>([
  ["debug", ["debug", "info", "warn", "error"]],
  ["info", ["info", "warn", "error"]],
  ["warn", ["warn", "error"]],
  ["error", ["error"]],
])("level %s lets %p pass", (level, passed) => {
  const { log, written } = logTo({ level });
  for (const one of ["debug", "info", "warn", "error"] as const) log[one]("event");
  expect(written.map((line) => JSON.parse(line).level)).toEqual(passed);
});

test.each<[LogSettings["time"], string | undefined]>([
  ["off", undefined],
  ["rfc3339", "2026-01-02T03:04:05Z"],
  ["rfc3339ms", "2026-01-02T03:04:05.678Z"],
])("time %s", (time, expected) => {
  const { log, written } = logTo({ time });
  log.info("event");
  expect(JSON.parse(written[0] ?? "").time).toBe(expected);
});

test.each<[LogSettings["caller"], RegExp | undefined]>([
  ["off", undefined],
  ["short", /^logtape\.test\.ts:\d+$/],
  ["full", /.*\/test\/telemetry\/logtape\.test\.ts:\d+$/],
])("caller %s", (caller, expected) => {
  const { log, written } = logTo({ caller });
  log.info("event");
  const found: unknown = JSON.parse(written[0] ?? "").caller;
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(expected);
});

test("braces in an event are text, and a field cannot take a reserved name", () => {
  const { log, written } = logTo();
  log.info("odd {role}", { role: "hub", level: "x", msg: "y" });
  expect(JSON.parse(written[0] ?? "")).toMatchObject({
    msg: "odd {role}",
    level: "info",
    level_: "x",
    msg_: "y",
  });
});

test("a value from outside is cut before it can fill the disk", () => {
  const { log, written } = logTo();
  log.info("event", { value: "x".repeat(1_000_000) });
  expect(written[0]?.length).toBeLessThan(3000);
});

test.each(["json", "text"] as const)(
  "no value can forge a line or drive the terminal (%s)",
  (format) => {
    const { log, written } = logTo({ format });
    const unsafe = fc.constantFrom("\n", "\r", "\x1b[2J", "\x9b", "\x7f", "\u2028", "\u202e", "a");
    const text = fc.array(fc.oneof(unsafe, fc.string())).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, text, (event, value) => {
        written.length = 0;
        log.info(event, { value });
        const line = written.join("");
        expect(line.endsWith("\n")).toBe(true);
        expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u);
        if (format === "json") {
          expect(JSON.parse(line)).toMatchObject({ msg: event, value });
        }
      }),
      { numRuns: 200 },
    );
  },
);
