import { type Finished, run } from "../support/commands.ts";
import { NodeProcess } from "../support/node-process.ts";
import type { Scratch } from "../support/scratch.ts";
import { ALONE, cleanEnvironment, TANKD } from "../support/tankd.ts";

/** Runs `tankd …` to its end. */
export function tankd(scratch: Scratch, ...words: readonly string[]): Promise<Finished> {
  return run([TANKD, ...words], {
    env: cleanEnvironment(scratch.directory),
    cwd: scratch.directory,
  });
}

/** What a failing command says to people: its lines on stderr that are not log events. */
export function complaints({ stderr }: Finished): readonly string[] {
  return stderr.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("{"));
}

/** A node on loopback that is ready; to be disposed of. */
export function startLocal(
  scratch: Scratch,
  options: readonly string[] = ALONE,
  environment: Readonly<Record<string, string>> = {},
): Promise<NodeProcess> {
  const node = new NodeProcess({
    directory: scratch.path("data"),
    options,
    environment: { HOME: scratch.directory, ...environment },
    log: scratch.path("log"),
  });
  return node.ready();
}
