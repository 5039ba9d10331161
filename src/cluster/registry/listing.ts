import { Problem } from "../../platform/errors.ts";
import { describeFirst } from "../../platform/issue-words.ts";
import type { DialPolicy } from "../peers/dial-policy.ts";
import { serverRecordSchema } from "../server-record.ts";
import type { Claimant } from "./claimant.ts";
import type { Registry } from "./registry.ts";
import type { EntryInput } from "./registry-entry.ts";

/** The result of a registration. */
export interface Outcome {
  readonly status: "registered" | "confirming";
  /** The name under which it is shown, or will be. */
  readonly serverId: string;
  /** The interval by which its silence is judged. */
  readonly intervalMs: number;
}

export interface ListingDeps {
  readonly registry: Registry;
  readonly policy: () => DialPolicy;
}

/** The times are the registry's own. */
const listableSchema = serverRecordSchema.omit({
  registered_at: true,
  last_heartbeat: true,
  last_seen: true,
});

/** Adds admitted servers to the list. */
export class Listing {
  readonly #with: ListingDeps;

  constructor(withDeps: ListingDeps) {
    this.#with = withDeps;
  }

  /**
   * @throws Problem `too_many` if there is no room, `invalid` for what followers could not parse.
   */
  list(input: EntryInput, claimant: Claimant): Outcome {
    const { registry, policy } = this.#with;
    // Followers parse the list by this schema: an entry that it rejects must not be listed.
    const { error } = listableSchema.safeParse(input.record);
    if (error) throw new Problem("invalid", describeFirst(error));
    // Entries that came through another node, or from this machine, have limits of their own.
    const hasShare = claimant.via === undefined && !policy().own.includes(claimant.source);
    const entry = registry.put(input, hasShare ? claimant.source : undefined);
    if (!entry) {
      throw new Problem("too_many", `There is no room for more servers from ${claimant.source}.`);
    }
    const { record, intervalMs } = entry;
    return { status: "registered", serverId: record.server_id, intervalMs };
  }
}
