import type { EscrowStatement, Statement } from "./statement.ts";

/**
 * Where tanks are by what nodes have stated at about one time. A tank that several claim is taken
 * for one that moves: a later look shows who has it.
 */
export class Homes {
  readonly #hosts = new Map<string, string>();
  readonly #departed = new Map<string, { readonly nodeId: string; readonly epoch: number }>();
  readonly #underWay = new Map<string, string>();

  constructor(statements: ReadonlyMap<string, Statement>) {
    for (const [nodeId, { hosted, departed, under_way }] of statements) {
      for (const { tank_id } of hosted) {
        if (this.#hosts.has(tank_id)) this.#underWay.set(tank_id, tank_id);
        this.#hosts.set(tank_id, nodeId);
      }
      for (const { tank_id, node_id, epoch } of departed) {
        const known = this.#departed.get(tank_id)?.epoch ?? 0;
        if (epoch > known) this.#departed.set(tank_id, { nodeId: node_id, epoch });
      }
      for (const { tank_id, name } of under_way) this.#underWay.set(tank_id, name);
    }
  }

  /** The node of a tank; `named` is what the other end of a transfer knows of it. */
  of(tankId: string, named: string): string {
    return this.#hosts.get(tankId) ?? this.#departed.get(tankId)?.nodeId ?? named;
  }

  /** An escrow with the node that its destination tank is on now. */
  addressed(row: EscrowStatement): EscrowStatement {
    return {
      ...row,
      destination_node_id: this.of(row.destination_tank_id, row.destination_node_id),
    };
  }

  /** Whether a node speaks for that tank: its last host, or anybody where none is known. */
  speaksFor(nodeId: string, tankId: string): boolean {
    return this.of(tankId, nodeId) === nodeId;
  }

  isUnderWay(tankId: string): boolean {
    return this.#underWay.has(tankId);
  }

  /** Names of the tanks that are moving, by their ids. */
  get underWay(): ReadonlyMap<string, string> {
    return this.#underWay;
  }
}
