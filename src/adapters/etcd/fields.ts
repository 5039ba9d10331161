import { LIMITS } from "../../platform/limits.ts";

/** Longer texts are not from tankd: what a node says about itself takes less than a kilobyte. */
const TEXT_CHARACTERS_MAX = 8192;

/**
 * An object in an answer. Missing fields and those of another type count as empty, since the JSON
 * of protocol buffers omits empty and zero values.
 */
export class Fields {
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(value: unknown) {
    const isObject = typeof value === "object" && value !== null;
    this.#value = isObject ? Object.fromEntries(Object.entries(value)) : {};
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#value, key);
  }

  text(key: string): string {
    const value = this.has(key) ? this.#value[key] : undefined;
    return typeof value === "string" && value.length <= TEXT_CHARACTERS_MAX ? value : "";
  }

  /** Numbers of 64 bits are encoded as text. */
  int64(key: string): bigint {
    const text = this.text(key);
    return /^-?\d{1,20}$/.test(text) ? BigInt(text) : 0n;
  }

  int32(key: string): number {
    const value = this.has(key) ? this.#value[key] : undefined;
    return typeof value === "number" && Number.isInteger(value) ? value : 0;
  }

  isTrue(key: string): boolean {
    return this.has(key) && this.#value[key] === true;
  }

  fields(key: string): Fields {
    return new Fields(this.has(key) ? this.#value[key] : undefined);
  }

  list(key: string): readonly Fields[] {
    const value = this.has(key) ? this.#value[key] : undefined;
    if (!Array.isArray(value)) return [];
    return value.slice(0, LIMITS.serversMax).map((one) => new Fields(one));
  }

  /** The text that the bytes encode. */
  decoded(key: string): string {
    return Buffer.from(this.text(key), "base64").toString("utf8");
  }
}

/**
 * Bytes as etcd accepts them: base64, padded and with the standard alphabet. It may decode anything
 * else to other bytes, without an error.
 */
export function encoded(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
