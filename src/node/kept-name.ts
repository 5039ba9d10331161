import type { Journal } from "../store/journal.ts";

const NAME = "node.name";

/** The name of this server: as it is given now, else as it was given last, in an earlier run. */
export async function keptName(
  journal: Pick<Journal, "meta" | "commit">,
  given: string | undefined,
): Promise<string | undefined> {
  const kept = await nameOnRecord(journal);
  if (given === undefined || given === kept) return kept;
  await journal.commit([{ put: "meta", key: NAME, value: given }]);
  return given;
}

/** The name that was given last. */
export function nameOnRecord(journal: Pick<Journal, "meta">): Promise<string | undefined> {
  return journal.meta(NAME);
}
