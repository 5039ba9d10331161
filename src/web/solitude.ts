import { linkWords } from "../discovery/link-words.ts";
import type { LocalServer } from "./answers.ts";

export interface SolitudeLine {
  readonly text: string;
  /** The remedy. */
  readonly mend: string | null;
}

/**
 * The lines about a node that is alone: its traffic on each network, and possible causes. Without
 * the time, so that the lines stay unchanged while nothing happens.
 */
export function solitudeLines({
  alone,
  backends,
}: Pick<LocalServer, "alone" | "backends">): readonly SolitudeLine[] {
  if (alone === null) return [];
  const links = backends.flatMap(({ name, links: of = [] }) =>
    of.map((link) => ({ text: `${name} on ${link.name}: ${linkWords(link)}`, mend: null })),
  );
  return [...alone.causes.map(({ what, mend }) => ({ text: what, mend })), ...links];
}
