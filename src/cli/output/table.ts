/** Spaces between two columns. */
const GAP = "  ";

/** The width of a cell without its colour codes. */
function width(cell: string): number {
  return Bun.stringWidth(cell);
}

/**
 * Rows under a header, columns as wide as needed, numbers right-aligned. Nothing is truncated: a
 * line that is too long for the terminal wraps, and a pipe gets every character.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const widths = header.map((title, column) =>
    Math.max(width(title), ...rows.map((row) => width(String(row[column] ?? "")))),
  );
  const numeric = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"),
  );
  const line = (cells: readonly (string | number)[]) =>
    cells
      .map((cell, column) => pad(String(cell), widths[column] ?? 0, numeric[column] ?? false))
      .join(GAP)
      .trimEnd();
  return `${[line(header), ...rows.map(line)].join("\n")}\n`;
}

function pad(cell: string, columns: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, columns - width(cell)));
  return right ? space + cell : cell + space;
}

/** `name  value` lines, aligned. */
export function formatFields(fields: readonly (readonly [string, string | number])[]): string {
  const columns = Math.max(...fields.map(([name]) => width(name)));
  return fields.map(([name, value]) => `${pad(name, columns, false)}${GAP}${value}\n`).join("");
}
