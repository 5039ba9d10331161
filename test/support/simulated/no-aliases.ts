import type { AliasBook } from "../../../src/cluster/cluster.ts";
import { Problem } from "../../../src/platform/errors.ts";

/** A node that knows every tank by its own name only. */
export const NO_ALIASES: AliasBook = {
  list: () => [],
  give: () => Promise.reject(new Error("not part of the fake")),
  remove: (alias) => Promise.reject(new Problem("unknown_alias", `There is no alias ${alias}`)),
};
