import { expect, test } from "bun:test";
import { join } from "node:path";
import { streamOutput } from "../../src/telemetry/line-output.ts";

/** A stream whose reader may stop. */
function stream() {
  const listeners = new Map<string, () => void>();
  const written: string[] = [];
  const reader = { reads: true };
  return {
    written,
    reader,
    emit: (event: string) => listeners.get(event)?.(),
    write: (line: string) => {
      written.push(line);
      return reader.reads;
    },
    on: (event: string, listener: () => void) => listeners.set(event, listener),
  };
}

test("a reader that has stopped costs lines, which are counted, but no memory", () => {
  const slow = stream();
  const output = streamOutput(slow);
  const line = `${"x".repeat(999)}\n`;
  slow.reader.reads = false;
  for (let count = 0; count < 5000; count++) output.write(line);
  const kept = slow.written.length;
  expect(kept).toBeLessThan(1100);
  slow.reader.reads = true;
  slow.emit("drain");
  output.write("next\n");
  expect(slow.written.slice(kept)).toEqual([
    `tankd: ${5000 - kept} lines of log were dropped\n`,
    "next\n",
  ]);
});

test("on the real stderr nothing is lost while it is read", async () => {
  const module = join(import.meta.dir, "../../src/telemetry/line-output.ts");
  const script = `
    const { stderrOutput } = await import(${JSON.stringify(module)});
    const output = stderrOutput();
    for (let count = 0; count < 500; count++) output.write(count + "\\n");`;
  const child = Bun.spawn([process.execPath, "-e", script], { stderr: "pipe" });
  const text = await new Response(child.stderr).text();
  expect(text).toBe(Array.from({ length: 500 }, (_, count) => `${count}\n`).join(""));
});
