import type { ClusterDeps } from "../deps.ts";
import { type ClusterState, createBase } from "./base.ts";
import { createContact } from "./contact.ts";
import { createLeadership } from "./leadership.ts";
import { createListing } from "./listing.ts";

/** The parts of a node's cluster. */
export type ClusterParts = ReturnType<typeof createParts>;

/**
 * Creates the parts in the order of their dependencies, and gives each the ones that its type
 * requires. They report what they notice as `events`.
 */
export function createParts(deps: ClusterDeps, state: ClusterState, notify: () => void) {
  const base = createBase(deps, state);
  const contact = createContact(base);
  const listing = createListing(base, contact, notify);
  const leadership = createLeadership({ ...base, ...contact, ...listing });
  return { ...base, ...contact, ...listing, ...leadership, notify };
}
