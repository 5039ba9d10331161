import { Problem } from "../../../platform/errors.ts";
import { type ArchipelagoSpec, ENGINE_VERSION, type IslandReport } from "../../../sim/index.ts";
import type { Folder, Host } from "../../host.ts";
import { writeFailure } from "../../write-failure.ts";
import { commandOf } from "./options.ts";
import { contractOf, type TimedResult } from "./result.ts";
import { TABLES } from "./tables.ts";

const COMPLETE = "run.json";
const PARTIAL = "run.partial.json";
/** Files that a used directory may contain, the result of a complete run first. */
const OWN_FILES = [COMPLETE, PARTIAL, ...Object.values(TABLES).map(({ name }) => name)];

/**
 * The files of `--out`. The tables grow during the run; `run.partial.json` exists before them and
 * is replaced by `run.json`, which marks a complete run.
 */
export class RunFiles {
  readonly #path: string;
  readonly #folder: Folder;
  readonly #facts: ReturnType<typeof factsOf>;

  /**
   * @throws Problem `usage` when files of a run exist and may not be replaced
   * @throws CommandFailure when the directory is not writable
   */
  constructor(host: Host, path: string, spec: ArchipelagoSpec, mayReplace: boolean) {
    this.#path = path;
    this.#facts = factsOf(spec, host.build.version);
    this.#folder = this.#attempt(() => host.openFolder(path));
    this.#attempt(() => this.#begin(mayReplace));
  }

  add(news: readonly IslandReport[]): void {
    for (const { name, linesOf } of Object.values(TABLES)) {
      const lines = news.flatMap(linesOf);
      if (lines.length > 0) this.#attempt(() => this.#folder.append(name, lines.join("")));
    }
  }

  /** The tables are complete up to the tick of this result. */
  close(spec: ArchipelagoSpec, result: TimedResult): void {
    const complete = result.ticks === spec.ticks;
    const command = commandOf(spec, result.ticks);
    const { spawned } = result;
    const summary = { ...this.#facts, command, complete, result: contractOf(result), spawned };
    this.#attempt(() => {
      for (const { name } of Object.values(TABLES)) this.#folder.flush(name);
      this.#folder.replace(complete ? COMPLETE : PARTIAL, toJson(summary));
      if (complete) this.#folder.remove(PARTIAL);
    });
  }

  #begin(mayReplace: boolean): void {
    const there = this.#folder.names();
    const used = OWN_FILES.find((name) => there.includes(name));
    if (used !== undefined && !mayReplace) throw this.#taken(used);
    for (const name of OWN_FILES) this.#folder.remove(name);
    // Of two concurrent runs in one directory, only one succeeds.
    if (!this.#folder.create(PARTIAL, toJson(this.#facts))) throw this.#taken(PARTIAL);
    for (const { name, header } of Object.values(TABLES)) this.#folder.append(name, header);
  }

  #taken(name: string): Problem {
    return new Problem(
      "usage",
      `--out ${this.#path} contains the ${name} of a run: give another directory, or --force`,
    );
  }

  #attempt<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      throw writeFailure(`--out ${this.#path}`, error);
    }
  }
}

/** The facts that are known before the first tick. */
function factsOf(spec: ArchipelagoSpec, version: string) {
  const { seed, ticks, fish, tanks, topology, migrateEvery, migrants } = spec;
  return {
    complete: false,
    command: commandOf(spec, ticks),
    version,
    engine_version: ENGINE_VERSION,
    parameters: { seed, ticks, fish, tanks, topology, migrate_every: migrateEvery, migrants },
    files: {
      series: TABLES.series.name,
      phylogeny: TABLES.phylogeny.name,
      phylogeny_asexual: TABLES.phylogeny_asexual.name,
    },
  };
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
