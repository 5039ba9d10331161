import { createHash } from "node:crypto";

/** Lines kept for the message of a failure. */
const RECENT_LINES_MAX = 40;
/** Lines hashed at a time: one call each would cost more than the hashing. */
const LINES_PER_UPDATE = 512;

/** A digest of all events, and the text of the last ones. */
export class Trace {
  readonly #hash = createHash("sha256");
  /** Lines that are not hashed yet, preceded by the most recent hashed ones. */
  #lines: string[] = [];
  #hashed = 0;

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length - this.#hashed >= LINES_PER_UPDATE) this.#flush();
  }

  /** Equal for equal runs. */
  digest(): string {
    this.#flush();
    return this.#hash.copy().digest("hex");
  }

  recent(): readonly string[] {
    return this.#lines.slice(-RECENT_LINES_MAX);
  }

  #flush(): void {
    const fresh = this.#lines.slice(this.#hashed);
    this.#hash.update(fresh.map((line) => `${line}\n`).join(""));
    this.#lines = this.#lines.slice(-RECENT_LINES_MAX);
    this.#hashed = this.#lines.length;
  }
}
