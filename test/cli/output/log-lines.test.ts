import { expect, test } from "bun:test";
import fc from "fast-check";
import { LogLines } from "../../../src/cli/output/log-lines.ts";

const format = { kind: "text", time: "rfc3339", colour: false } as const;

test("a line that comes in pieces is shown once, when it is complete", () => {
  const entry = { time: "2030-01-01T00:00:00.5Z", level: "info", msg: "fish arrived", count: 2 };
  const text = `${JSON.stringify(entry)}\n`.repeat(3);
  const whole = new LogLines(format).read(text);
  expect(whole).toBe("2030-01-01T00:00:00Z INFO  fish arrived count=2\n".repeat(3));
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
      const lines = new LogLines(format);
      const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
      const pieces = places.slice(1).map((end, at) => text.slice(places[at], end));
      expect(pieces.map((piece) => lines.read(piece)).join("")).toBe(whole);
    }),
  );
});

test("a field that is no plain value is shown as JSON", () => {
  const line = `${JSON.stringify({ level: "error", msg: "odd", list: [1, "a"] })}\n`;
  expect(new LogLines(format).read(line)).toBe('ERROR odd list="[1,\\"a\\"]"\n');
});
