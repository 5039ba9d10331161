/** Small multiples of lines as an SVG file. */

export interface Line {
  readonly values: readonly number[];
  readonly colour: string;
  readonly width: number;
}

export interface Panel {
  readonly title: string;
  readonly min: number;
  readonly max: number;
  readonly lines: readonly Line[];
}

const WIDTH = 300;
const HEIGHT = 150;
const GAP = 46;
const COLUMNS = 3;
const HEAD = 34;
const FONT = 'font-family="system-ui, sans-serif"';

/** The panels, three to a row. `end` is the right end of every time axis, which begins at 0. */
export function drawPanels(
  caption: string,
  panels: readonly Panel[],
  end: string,
  legend: readonly (readonly [name: string, colour: string])[],
): string {
  const rows = Math.ceil(panels.length / COLUMNS);
  const width = COLUMNS * (WIDTH + GAP) + GAP;
  const height = HEAD + rows * (HEIGHT + GAP) + GAP / 2;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${FONT}>`,
    `<title>${escaped(caption)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${GAP}" y="22" font-size="14" fill="#1f2933">${escaped(caption)}</text>`,
    ...legend.map(
      ([name, colour], index) =>
        `<text x="${width - GAP - 130 * (legend.length - 1 - index)}" y="22" font-size="12" ` +
        `text-anchor="end" fill="${colour}">${escaped(name)}</text>`,
    ),
    ...panels.map((panel, index) => {
      const x = GAP + (index % COLUMNS) * (WIDTH + GAP);
      const y = HEAD + Math.floor(index / COLUMNS) * (HEIGHT + GAP) + 14;
      return `<g transform="translate(${x} ${y})">${drawPanel(panel, end)}</g>`;
    }),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

function drawPanel({ title, min, max, lines }: Panel, end: string): string {
  const text = (x: number, y: number, anchor: string, words: string) =>
    `<text x="${x}" y="${y}" font-size="10" text-anchor="${anchor}" fill="#52606d">${words}</text>`;
  return [
    `<text x="0" y="-5" font-size="12" fill="#1f2933">${escaped(title)}</text>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="none" stroke="#cbd2d9"/>`,
    text(-4, 9, "end", String(max)),
    text(-4, HEIGHT, "end", String(min)),
    text(0, HEIGHT + 13, "start", "0"),
    text(WIDTH, HEIGHT + 13, "end", end),
    ...lines.map((line) => drawLine(line, min, max)),
  ].join("");
}

function drawLine({ values, colour, width }: Line, min: number, max: number): string {
  const points = values.map((value, index) => {
    const x = (index / Math.max(1, values.length - 1)) * WIDTH;
    const y = HEIGHT - ((value - min) / (max - min)) * HEIGHT;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const style = `fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round"`;
  return `<polyline ${style} points="${points.join(" ")}"/>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
