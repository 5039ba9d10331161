/**
 * Who has answered: `owner ID` where it is the node that hosts the tank, `relay ID` where it is
 * another one, by what it has been told.
 */
export const ANSWERED_BY = "tankd-answered-by";
/** The node that has passed on a request, or an answer; it is passed on no further. */
export const RELAYED_BY = "tankd-relay";

export function answeredBy(who: "owner" | "relay", nodeId: string): Record<string, string> {
  return { [ANSWERED_BY]: `${who} ${nodeId}` };
}
