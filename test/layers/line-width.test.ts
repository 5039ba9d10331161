import { expect, test } from "bun:test";
import biome from "../../biome.json";

const ROOT = new URL("../..", import.meta.url).pathname;
/** In characters. The formatter breaks code there, but neither comments nor strings nor titles. */
const WIDTH_MAX = biome.formatter.lineWidth;
/** What is written by hand; prose (*.md), data and recordings are not looked at. */
const WRITTEN = "{src,test,bench,deploy,findings}/**/*.{ts,tsx,css,html,sh,service,go,java,py}";
const ALSO_WRITTEN = ["Makefile", "startup.sh", ".ci/run"];

function tooWide(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    const width = [...line].length;
    return width <= WIDTH_MAX ? [] : [`${path}:${index + 1}: ${width} characters`];
  });
}

test("no line is wider than the formatter's limit, comments and strings included", async () => {
  const paths = [...new Bun.Glob(WRITTEN).scanSync({ cwd: ROOT }), ...ALSO_WRITTEN].sort();
  expect(paths.length).toBeGreaterThan(1_000);
  const wide = await Promise.all(
    paths.map(async (path) => tooWide(path, await Bun.file(ROOT + path).text())),
  );
  expect(wide.flat()).toEqual([]);
});

test("a line that is too wide is named with its width", () => {
  const text = `// ${"é".repeat(97)}\n// ${"é".repeat(98)}\n`;
  expect(tooWide("src/a.ts", text)).toEqual(["src/a.ts:2: 101 characters"]);
});
