import type { FishId } from "../types.ts";

/** A fish id in numbers: the birth tank's key in two halves and the counter, from 1. */
export interface IdParts {
  readonly hi: number;
  readonly lo: number;
  readonly counter: number;
}

/** Nobody: the parent of a founder. */
export const NOBODY: IdParts = { hi: 0, lo: 0, counter: 0 };

const ID = /^([0-9a-f]{8})([0-9a-f]{8})-([1-9][0-9]{0,15})$/;
const KEY = /^([0-9a-f]{8})([0-9a-f]{8})$/;

export function formatId(hi: number, lo: number, counter: number): FishId {
  return `${formatKey(hi, lo)}-${counter}`;
}

export function formatKey(hi: number, lo: number): string {
  return hi.toString(16).padStart(8, "0") + lo.toString(16).padStart(8, "0");
}

/** The parts of an id, or undefined when the text is not one. */
export function parseId(id: string): IdParts | undefined {
  const [, hi, lo, digits] = ID.exec(id) ?? [];
  if (hi === undefined || lo === undefined || digits === undefined) return undefined;
  const counter = Number(digits);
  if (!Number.isSafeInteger(counter)) return undefined;
  return { hi: Number.parseInt(hi, 16), lo: Number.parseInt(lo, 16), counter };
}

/** Both halves of a tank key, or undefined when the text is not 16 lower-case hex digits. */
export function parseKey(key: string): { readonly hi: number; readonly lo: number } | undefined {
  const [, hi, lo] = KEY.exec(key) ?? [];
  if (hi === undefined || lo === undefined) return undefined;
  return { hi: Number.parseInt(hi, 16), lo: Number.parseInt(lo, 16) };
}
