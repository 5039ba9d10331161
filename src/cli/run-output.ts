import { messageOf, Problem } from "../platform/errors.ts";
import {
  type ArchipelagoSpec,
  ENGINE_VERSION,
  type IslandReport,
  type PhylogenyRow,
  SAMPLE_COLUMNS,
} from "../sim/index.ts";
import type { Folder, Host } from "./host.ts";
import { commandOf } from "./run-options.ts";
import { contractOf, type TimedResult } from "./run-result.ts";

/**
 * Columns of the phylogeny: the first four as the ALife data standard names them
 * (https://alife-data-standards.github.io/alife-data-standards/phylogeny), the rest extra.
 */
const PHYLOGENY: readonly (readonly [string, (row: PhylogenyRow) => string | number])[] = [
  ["id", (row) => row.id],
  [
    "ancestor_list",
    ({ ancestors }) => `"[${ancestors.length > 0 ? ancestors.join(",") : "none"}]"`,
  ],
  ["origin_time", (row) => row.originTick],
  ["destruction_time", (row) => row.destructionTick ?? "none"],
  ["birth_tank", (row) => row.birthTank],
  ["tank", (row) => row.tank],
  ["born", (row) => row.origin],
  ["generation", (row) => row.generation],
  ["hops", (row) => row.hops],
  ["offspring", (row) => row.offspring],
];

/** The files of `--out`: written during the run, `run.json` when they are complete. */
export class RunFiles {
  readonly #folder: Folder;

  /** @throws Problem `usage` when nothing can be written there */
  constructor(host: Host, path: string) {
    try {
      this.#folder = host.openFolder(path);
      this.#folder.remove("run.json");
      this.#folder.write("series.csv", `tick,tank,${SAMPLE_COLUMNS.join(",")}\n`);
      this.#folder.write("phylogeny.csv", `${PHYLOGENY.map(([name]) => name).join(",")}\n`);
    } catch (error) {
      throw new Problem("usage", `--out ${path} cannot be written: ${messageOf(error)}`);
    }
  }

  add(news: readonly IslandReport[]): void {
    const series = news.flatMap(({ island, tick, sample }) =>
      sample === undefined ? [] : [`${tick},${island},${sample.join(",")}\n`],
    );
    const lives = news.flatMap((report) =>
      report.lives.map((row) => `${PHYLOGENY.map(([, of]) => of(row)).join(",")}\n`),
    );
    if (series.length > 0) this.#folder.append("series.csv", series.join(""));
    if (lives.length > 0) this.#folder.append("phylogeny.csv", lives.join(""));
  }

  close(spec: ArchipelagoSpec, result: TimedResult, version: string): void {
    const summary = {
      command: commandOf(spec, result.ticks),
      complete: result.ticks === spec.ticks,
      version,
      engine_version: ENGINE_VERSION,
      result: contractOf(result),
      spawned: result.spawned,
      files: { series: "series.csv", phylogeny: "phylogeny.csv" },
    };
    this.#folder.write("run.json", `${JSON.stringify(summary, undefined, 2)}\n`);
  }
}
