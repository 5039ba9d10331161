import type { LinkReport } from "./backend.ts";

/** The result of a backend's packets on one interface, in one line for people. */
export function linkWords({ sent, heard, others, refused }: LinkReport): string {
  const reasons = refused.map(({ reason, count }) => `${reason} ${count}`);
  return [
    `${sent} sent`,
    `${heard} heard of other nodes`,
    `${others} of other programs`,
    ...(reasons.length > 0 ? [`refused: ${reasons.join(", ")}`] : []),
  ].join(", ");
}
