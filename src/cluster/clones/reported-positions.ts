import { BoundedMap } from "../../platform/bounded-map.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { PositionStatement } from "./position.ts";

interface Report {
  /** The peer that reported the node first. */
  readonly reporter: string;
  /** The latest position of each start of the node, the most recently reported last. */
  readonly statements: readonly PositionStatement[];
}

/**
 * Positions of nodes as reported to this node, the hub, by others. Starts of a node are kept
 * separately: a set-back directory may be at a later position by now than before, and only the
 * statement of the start that it lacks shows that. In memory only, since the next hub gets the
 * reports again. Bounded: entries of the reporter with the most are evicted.
 */
export class ReportedPositions {
  readonly #reports = new BoundedMap<string, Report>(LIMITS.reportedNodesMax, {
    canEvict: ({ reporter }) => this.#nodesOf(reporter) >= this.#most,
    onEvict: ({ reporter }) => this.#count(reporter, -1),
  });
  /** Nodes by reporter. */
  readonly #counts = new Map<string, number>();
  /** Nodes of the reporter with the most entries. */
  #most = 0;

  /** A peer reports a verified statement of another node. */
  note(reporter: string, nodeId: string, statement: PositionStatement): void {
    const known = this.#reports.get(nodeId);
    const before = known?.statements ?? [];
    const same = before.find(({ bootId }) => bootId === statement.bootId);
    const furthest = same && same.position > statement.position ? same : statement;
    const statements = [...before.filter((one) => one !== same), furthest];
    if (!known && this.#reports.size >= this.#reports.max) {
      this.#most = Math.max(...this.#counts.values());
    }
    this.#reports.set(nodeId, {
      reporter: known?.reporter ?? reporter,
      statements: statements.slice(-LIMITS.positionsToldMax),
    });
    if (!known) this.#count(reporter, 1);
  }

  about(nodeId: string): readonly PositionStatement[] {
    return this.#reports.get(nodeId)?.statements ?? [];
  }

  #nodesOf(reporter: string): number {
    return this.#counts.get(reporter) ?? 0;
  }

  #count(reporter: string, change: number): void {
    const count = this.#nodesOf(reporter) + change;
    if (count > 0) this.#counts.set(reporter, count);
    else this.#counts.delete(reporter);
  }
}
