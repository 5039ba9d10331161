/**
 * The origin of an answer: `owner ID` if it is the node that hosts the tank, `relay ID` if it is
 * another one that answers from its own knowledge.
 */
export const ANSWERED_BY = "tankd-answered-by";
/** The node that has relayed a request or an answer; it is not relayed again. */
export const RELAYED_BY = "tankd-relay";

type Answerer = "owner" | "relay";

export function answerer(who: Answerer, nodeId: string): string {
  return `${who} ${nodeId}`;
}

/** The header that says so. */
export function answeredBy(who: Answerer, nodeId: string): Record<string, string> {
  return { [ANSWERED_BY]: answerer(who, nodeId) };
}
