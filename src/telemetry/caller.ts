/**
 * A frame of a JavaScriptCore stack: `at name (path:line:column)` or `at path:line:column`.
 * https://bun.com/docs and JSC's ErrorConstructor print V8's form.
 */
const FRAME = /^\s*at (?:.*\()?(.+?):(\d+):\d+\)?$/;
/** The location in a compiled program without a source map, which is useless. */
const BUNDLE = /(?:\$bunfs|~BUN)[/\\]/;

/**
 * The caller's location: `file.ts:12` (short) or `src/cluster/file.ts:12` (full).
 * @param stack of an Error
 * @param depth frames to skip
 * @returns undefined if the stack does not tell, as in a program built without a source map
 */
export function callerIn(
  stack: string | undefined,
  depth: number,
  detail: "short" | "full",
): string | undefined {
  const frame = stack?.split("\n").filter((line) => FRAME.test(line))[depth];
  const [, path, line] = frame?.match(FRAME) ?? [];
  if (path === undefined || BUNDLE.test(path)) return undefined;
  const steps = path.split(/[/\\]/);
  const root = steps.lastIndexOf("src");
  const shown = detail === "short" ? steps.slice(-1) : steps.slice(Math.max(0, root));
  return `${shown.join("/")}:${line}`;
}
