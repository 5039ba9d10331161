import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Scratch } from "../support/scratch.ts";
import { TANKD } from "../support/tankd.ts";

export const ROOT = join(import.meta.dir, "../..");

/** The files that start and stop things, in a checkout of their own, with the built program. */
export function makeCheckout(scratch: Scratch): string {
  for (const name of ["Makefile", "startup.sh", "deploy", "package.json"]) {
    cpSync(join(ROOT, name), scratch.path(name), { recursive: true });
  }
  mkdirSync(scratch.path("dist"));
  cpSync(TANKD, scratch.path("dist/tankd"));
  return scratch.directory;
}
