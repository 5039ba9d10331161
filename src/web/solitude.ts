import { linkWords } from "../discovery/link-words.ts";
import type { LocalServer } from "./answers.ts";

export interface SolitudeLine {
  readonly text: string;
  /** What to do about it. */
  readonly mend: string | null;
}

/**
 * What a node without any other tells of that: its traffic on each network, and why it may be. The
 * time is left out, so that the lines stay as they are while nothing happens.
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
