/** Writes golden.json anew, from this machine: after a change of the model that was meant. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Digests } from "./digests.ts";

const SEEDS = "1,42,9007199254740991";
const TICKS = "500,2000,20000";

const program = join(import.meta.dir, "digests.ts");
const { stdout } = Bun.spawnSync([process.execPath, program, SEEDS, TICKS], { stderr: "inherit" });
const { worlds, restored, islands }: Digests = JSON.parse(stdout.toString());
if (!Bun.deepEquals(worlds, restored)) throw new Error("a restored world went another way");
if (new Set(islands).size !== 1) throw new Error("the number of crews changed an archipelago");
const golden = `${JSON.stringify({ worlds, islands }, undefined, 2)}\n`;
writeFileSync(join(import.meta.dir, "golden.json"), golden);
