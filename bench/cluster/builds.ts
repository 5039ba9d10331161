/**
 * The programs that are compared: this checkout's, and the one from before the cluster was rebuilt.
 */
import { earlierBuild } from "../../test/support/earlier-build.ts";
import { TANKD } from "../../test/support/tankd.ts";
import { option } from "../measure.ts";

const BASE_COMMIT = "0e67964";

export interface Build {
  readonly name: string;
  readonly binary: string;
}

/**
 * `--binary` (else TANKD_BINARY, else dist/tankd), and `--base`: a program, `none`, or, left out,
 * the build of 0e67964, which is made once and kept in dist/.
 */
export function buildsToCompare(): readonly Build[] {
  const present = { name: "new", binary: option("binary", TANKD) };
  const base = option("base", "");
  if (base === "none") return [present];
  return [present, { name: "base", binary: base === "" ? earlierBuild(BASE_COMMIT) : base }];
}
