import { messageOf } from "../platform/errors.ts";
import type { Log } from "../telemetry/log.ts";

/** The shared secret of the cluster's members, whose file may be read anew while the node runs. */
export class ClusterSecret {
  readonly #read: (() => Uint8Array) | undefined;
  #current: Uint8Array | undefined;

  /** @param read undefined where every node may be a member; its error is the constructor's */
  constructor(read: (() => Uint8Array) | undefined) {
    this.#read = read;
    this.#current = read?.();
  }

  get current(): Uint8Array | undefined {
    return this.#current;
  }

  /** A file that cannot be used leaves the secret as it was. */
  reload(log: Log): void {
    if (this.#read === undefined) return;
    try {
      const next = this.#read();
      const changed = !Buffer.from(next).equals(this.#current ?? new Uint8Array());
      this.#current = next;
      log.info("secret read again", { changed });
    } catch (error) {
      log.warn("secret not read again", { error: messageOf(error) });
    }
  }
}
