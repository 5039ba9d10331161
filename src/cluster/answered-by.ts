/**
 * Who has answered: `owner ID` where it is the node that hosts the tank, `relay ID` where it is
 * another one, by what it has been told.
 */
export const ANSWERED_BY = "tankd-answered-by";
/** The node that has passed on a request, or an answer; it is passed on no further. */
export const RELAYED_BY = "tankd-relay";

type Answerer = "owner" | "relay";

export function answerer(who: Answerer, nodeId: string): string {
  return `${who} ${nodeId}`;
}

/** The header that says so. */
export function answeredBy(who: Answerer, nodeId: string): Record<string, string> {
  return { [ANSWERED_BY]: answerer(who, nodeId) };
}
