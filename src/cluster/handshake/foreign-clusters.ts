import { formatHostPort } from "../../discovery/addresses.ts";
import type { Nomination } from "../../discovery/backend.ts";
import { BoundedMap } from "../../platform/bounded-map.ts";
import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";

/** A cluster of another name, of which nodes were nominated within the last minutes. */
export interface ForeignCluster {
  readonly name: string;
  /** Up to the limit of the count. */
  readonly nodes: number;
  readonly backends: readonly string[];
}

interface Seen {
  readonly atMs: number;
  readonly backend: string;
}

/** Anybody can invent names. */
const CLUSTERS_MAX = 8;
const NODES_COUNTED_MAX = 64;
/** Backends nominate present nodes at least this often. */
const FRESH_MS = 120_000;

/**
 * Nodes of other clusters that discovery has found: ignored, but reported to operators who look for
 * them.
 */
export class ForeignClusters {
  readonly #clock: Clock;
  /** By cluster name, then by node. */
  readonly #clusters = new BoundedMap<string, BoundedMap<string, Seen>>(CLUSTERS_MAX);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(name: string, node: Pick<Nomination, "backend" | "nodeId" | "addresses">): void {
    const key = node.nodeId ?? node.addresses.map(formatHostPort).join(",");
    const short = name.slice(0, LIMITS.nameCharactersMax);
    const nodes = this.#clusters.get(short) ?? new BoundedMap<string, Seen>(NODES_COUNTED_MAX);
    nodes.set(key, { atMs: this.#clock.monotonicMs(), backend: node.backend });
    this.#clusters.set(short, nodes);
  }

  list(): readonly ForeignCluster[] {
    const sinceMs = this.#clock.monotonicMs() - FRESH_MS;
    return [...this.#clusters].flatMap(([name, nodes]) => {
      const seen = [...nodes.values()].filter(({ atMs }) => atMs >= sinceMs);
      const backends = [...new Set(seen.map(({ backend }) => backend))];
      return seen.length === 0 ? [] : [{ name, nodes: seen.length, backends }];
    });
  }
}
