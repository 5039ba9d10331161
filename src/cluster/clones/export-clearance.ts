/**
 * Delay of exports after the node has begun to communicate: by then a copied directory has met its
 * original, and a set-back one a node that remembers a later position.
 */
const AFTER_JOINING_MS = 3_000;
/** A node without an answer of a hub by then counts as alone, or is the hub itself. */
const ALONE_MS = 5_000;

/**
 * Decides when fish may leave after a start: once the hub was able to report what is known about
 * this node.
 */
export class ExportClearance {
  #joiningMs: number | undefined;
  #hubAnswered = false;

  /** Called when this node begins to communicate. */
  joining(nowMs: number): void {
    this.#joiningMs ??= nowMs;
  }

  /**
   * Called when the hub has answered a registration or a ping, after its reports about this node
   * were evaluated.
   */
  hubAnswered(): void {
    this.#hubAnswered = true;
  }

  cleared(nowMs: number): boolean {
    if (this.#joiningMs === undefined) return false;
    return nowMs - this.#joiningMs >= (this.#hubAnswered ? AFTER_JOINING_MS : ALONE_MS);
  }
}
