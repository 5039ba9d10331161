import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { isSelection, SELECTIONS, TRAITS } from "../../sim/index.ts";
import type { ConnectionTerms, GivenTerms } from "../migration.ts";

/** What holds where nothing else is asked for. */
export const TERMS_DEFAULT: ConnectionTerms = {
  /** Percent per draw: on a new node a fish leaves within half a minute. */
  probability: 25,
  direction: "both",
  selection: "random",
  count: 1,
  rate: null,
  status: "running",
  strategy: "failover",
  mode: "move",
  replacement: "refuse",
};

/** The terms of `base`, but for those that are given. */
export function withTerms<Base extends ConnectionTerms>(base: Base, given: GivenTerms): Base {
  const terms = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(terms) };
}

/** @throws Problem `invalid` */
export function requireTerms(terms: ConnectionTerms): void {
  const { probability, selection, count, rate, strategy, mode } = terms;
  if (!(probability >= 0 && probability <= 100)) {
    throw new Problem("invalid", "The probability is a percentage from 0 to 100.");
  }
  if (!isSelection(selection)) throw new Problem("invalid", unknownSelection(selection));
  const most = LIMITS.migrantsPerDrawMax;
  if (!(Number.isInteger(count) && count >= 1 && count <= most)) {
    throw new Problem("invalid", `The count of a draw is a whole number from 1 to ${most}.`);
  }
  if (strategy === "broadcast" && mode !== "copy") {
    throw new Problem(
      "invalid",
      "A fish can be in one place only: the strategy broadcast is for connections that copy.",
    );
  }
  if (rate !== null && !(rate > 0 && rate <= LIMITS.connectionRateMax)) {
    throw new Problem(
      "invalid",
      `The rate is a number of fish per minute, above 0 and up to ${LIMITS.connectionRateMax}.`,
    );
  }
}

function unknownSelection(selection: string): string {
  if (!selection.startsWith("best:")) {
    const known = [...SELECTIONS, "best:TRAIT"].join(", ");
    return `There is no selection policy ${selection}; there are ${known}.`;
  }
  const trait = selection.slice("best:".length);
  return `Fish have no trait ${trait} to be the best in; they have ${TRAITS.join(", ")}.`;
}
