/**
 * The only function that creates elements. Text is inserted as text, never as markup: names of
 * servers and tanks come from other machines.
 */
export type Child = Node | string | number;

export function element(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Child[]
): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.map((child) => (typeof child === "number" ? String(child) : child)));
  return made;
}

/** A link to a URL from another machine; plain text unless it is an http URL. */
export function link(url: string, text: string): HTMLElement {
  const safe = httpUrl(url);
  return safe === undefined
    ? element("span", {}, text)
    : element("a", { href: safe, rel: "noopener noreferrer" }, text);
}

/** The normalised URL; undefined when links may not use it. */
export function httpUrl(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, href } = new URL(url);
  return protocol === "http:" || protocol === "https:" ? href : undefined;
}

export interface Column<Row> {
  readonly title: string;
  /** Its width: a figure, a word, or a share of the remaining space. */
  readonly kind?: "number" | "word" | "name";
  readonly cell: (row: Row) => Child;
}

/** Maximum rows of a table; thousands would be unreadable. */
const ROWS_MAX = 50;

/** A table, or a sentence when there is nothing to show. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  empty: string,
): HTMLElement {
  if (rows.length === 0) return element("p", { class: "empty" }, empty);
  const head = columns.map(({ title, kind = "name" }) =>
    element("th", { scope: "col", class: kind }, title),
  );
  const body = rows
    .slice(0, ROWS_MAX)
    .map((row) =>
      element(
        "tr",
        {},
        ...columns.map(({ title, kind = "name", cell }) =>
          element("td", { "data-label": title, class: kind }, cell(row)),
        ),
      ),
    );
  const more = rows.length - body.length;
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...body),
    ...(more > 0 ? [element("caption", {}, `and ${more} more`)] : []),
  );
}

export function badge(word: string): HTMLElement {
  return element("span", { class: `badge ${word}` }, word.replaceAll("_", " "));
}

/** The element of index.html with this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
}

/** A word with what it means on hovering. */
export function titled(text: string, title: string): HTMLElement {
  return element("span", { title }, text);
}
