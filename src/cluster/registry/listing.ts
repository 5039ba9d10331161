import { Problem } from "../../platform/errors.ts";
import { describeFirst } from "../../platform/issue-words.ts";
import type { DialPolicy } from "../peers/dial-policy.ts";
import { serverRecordSchema } from "../server-record.ts";
import type { Claimant } from "./claimant.ts";
import type { Registry } from "./registry.ts";
import type { EntryInput } from "./registry-entry.ts";

/** What a registration has led to. */
export interface Outcome {
  readonly status: "registered" | "confirming";
  /** The name under which it is shown, or will be. */
  readonly serverId: string;
  /** By which its silence is judged. */
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

/** Puts onto the list what was admitted. */
export class Listing {
  readonly #with: ListingDeps;

  constructor(withDeps: ListingDeps) {
    this.#with = withDeps;
  }

  /** @throws Problem `too_many` where there is no room, `invalid` for what nobody could read. */
  list(input: EntryInput, claimant: Claimant): Outcome {
    const { registry, policy } = this.#with;
    // Followers read the list by this schema: what it refuses must not get onto it.
    const { error } = listableSchema.safeParse(input.record);
    if (error) throw new Problem("invalid", describeFirst(error));
    // What came by another node, or from this machine, has limits of its own.
    const hasShare = claimant.via === undefined && !policy().own.includes(claimant.source);
    const entry = registry.put(input, hasShare ? claimant.source : undefined);
    if (!entry) {
      throw new Problem("too_many", `There is no room for more servers from ${claimant.source}.`);
    }
    const { record, intervalMs } = entry;
    return { status: "registered", serverId: record.server_id, intervalMs };
  }
}
