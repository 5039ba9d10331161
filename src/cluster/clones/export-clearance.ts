/**
 * No fish leaves for as long after this node has begun to speak to others: by then a copy of a
 * directory has met its original, and one that was set back somebody who remembers.
 */
const AFTER_JOINING_MS = 3_000;
/** A node that no hub has answered by then is taken to be alone, or to be the hub itself. */
const ALONE_MS = 5_000;

/**
 * When fish may leave after a start: once the hub has had its chance to say what is known of this
 * node.
 */
export class ExportClearance {
  #joiningMs: number | undefined;
  #hubAnswered = false;

  /** This node begins to speak to others. */
  joining(nowMs: number): void {
    this.#joiningMs ??= nowMs;
  }

  /**
   * The hub has answered a registration or a ping; what it remembers of this node was judged
   * before.
   */
  hubAnswered(): void {
    this.#hubAnswered = true;
  }

  cleared(nowMs: number): boolean {
    if (this.#joiningMs === undefined) return false;
    return nowMs - this.#joiningMs >= (this.#hubAnswered ? AFTER_JOINING_MS : ALONE_MS);
  }
}
