import { createHash } from "node:crypto";

/** Lines kept for the message of a failure. */
const RECENT_LINES_MAX = 40;
/** Lines hashed at a time: one call each would cost more than the hashing. */
const LINES_PER_UPDATE = 512;

/** Everything that has happened, as a digest, and the last of it in words. */
export class Trace {
  readonly #hash = createHash("sha256");
  /** Not yet hashed lines, and before them the most recent of the hashed. */
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
