/** How the figures are written. */
import { median } from "../measure.ts";

/** The median, with the least and the most: what a noisy machine shows. */
export function spread(values: readonly number[], digits: number, unit = ""): string {
  const say = (value: number) => value.toFixed(digits);
  const after = unit === "" ? "" : ` ${unit}`;
  const middle = `${say(median(values))}${after}`;
  if (values.length < 2) return middle;
  return `${middle} (${say(Math.min(...values))}–${say(Math.max(...values))})`;
}

export function percent(share: number, digits: number): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** A bound of a counter. */
export function atMost(ticks: number): string {
  if (ticks === 0) return "0";
  return Number.isFinite(ticks) ? `at most ${ticks}` : "more than 16";
}

export function megabytes(value: number): string {
  return `${value.toFixed(0)} MB`;
}

/** Bytes in the unit that fits. */
export function bytes(value: number): string {
  if (value < 10_000) return `${value.toFixed(0)} B`;
  if (value < 10_000_000) return `${(value / 1000).toFixed(1)} kB`;
  return `${(value / 1_000_000).toFixed(1)} MB`;
}
