import type { Cluster } from "../cluster/cluster.ts";
import { type Clock, rfc3339 } from "../platform/clock.ts";
import { sleep, type Timers } from "../platform/timers.ts";
import type { AuditResult, Finding } from "./audit.ts";
import { Canvass, type Scope, type Statements } from "./canvass.ts";
import { isExact } from "./counts.ts";
import { Homes } from "./homes.ts";
import type { Inquiry } from "./inquiry.ts";
import { Names } from "./names.ts";
import { isAccepted, type Pair, pairsOf, surplusOfPair } from "./pairs.ts";
import { seenTwice } from "./places.ts";
import type { Statement } from "./statement.ts";
import {
  isThere,
  type Looks,
  type Place,
  placesIn,
  placesNow,
  placesSeen,
  placesThatStay,
} from "./suspects.ts";
import { checkTank } from "./tank-check.ts";
import { Words } from "./words.ts";

export interface AuditorPorts {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly inquiry: Inquiry;
}

/** Looks at what still moves. Transfers take milliseconds, and connections draw every 2 s. */
const ROUNDS_MAX = 6;
/** Pause before the second round, which grows with each. */
const PAUSE_MS = 50;

/** A tank moves in a tenth of a second. */
const MOVE_PAUSE_MS = 200;

/** One audit. */
export class Auditor {
  readonly #ports: AuditorPorts;
  readonly #scope: Scope;
  readonly #canvass: Canvass;
  readonly #missing: Finding[] = [];
  readonly #double: Finding[] = [];
  readonly #unsettled: string[] = [];
  readonly #names: Names;
  #inEscrow = 0;
  #words = new Words(new Map());

  constructor(ports: AuditorPorts, scope: Scope) {
    this.#ports = ports;
    this.#scope = scope;
    this.#canvass = new Canvass(ports.cluster, ports.inquiry, scope);
    this.#names = new Names(ports.inquiry);
  }

  async run(): Promise<AuditResult> {
    const { clock } = this.#ports;
    const at = rfc3339(clock.wallMs());
    const startedMs = clock.monotonicMs();
    const statements = await this.#begin();
    this.#words = new Words(statements);
    const suspects = new Map(seenTwice(placesIn(statements)));
    const pairs = await this.#followUp(statements, suspects);
    for (const [nodeId, statement] of statements) await this.#checkTanks(nodeId, statement);
    const alive = [...statements.values()].flatMap(({ tanks }) => tanks);
    const { unreachable } = this.#canvass;
    const complete = unreachable.length === 0 && this.#unsettled.length === 0;
    return {
      ok: complete && this.#missing.length === 0 && this.#double.length === 0,
      complete,
      missing: this.#missing,
      double: this.#double,
      in_escrow: this.#inEscrow,
      alive: alive.reduce((sum, tank) => sum + tank.alive, 0),
      unreachable,
      unsettled: this.#unsettled,
      notes: this.#words.notes(statements, this.#ports.cluster),
      nodes: statements.size,
      tanks: alive.length,
      pairs,
      at,
      duration_ms: Math.round(clock.monotonicMs() - startedMs),
    };
  }

  /** Waits for tanks that are moving; those that do not arrive are named. */
  async #begin(): Promise<Statements> {
    for (let round = 1; ; round++) {
      const statements = await this.#canvass.begin();
      const { underWay } = new Homes(statements);
      if (underWay.size === 0) return statements;
      if (round === ROUNDS_MAX) {
        for (const name of underWay.values()) {
          this.#unsettled.push(`tank ${name} is moving, or two nodes have it`);
        }
        return statements;
      }
      await sleep(this.#ports.timers, MOVE_PAUSE_MS * round);
    }
  }

  /** The pairs of this audit. */
  #pairsOf(statements: Statements): ReadonlyMap<string, Pair> {
    const { nodeId } = this.#ports.cluster;
    if (this.#scope === "cluster") return pairsOf(statements);
    const isOwn = (pair: Pair) =>
      pair.source_node_id === nodeId || pair.destination_node_id === nodeId;
    return new Map([...pairsOf(statements)].filter(([, pair]) => isOwn(pair)));
  }

  /**
   * Compares the counts of all pairs, and looks again at fish that were seen twice, until each
   * check was exact or the rounds are over. Returns the number of pairs.
   */
  async #followUp(first: Statements, suspects: Map<string, readonly Place[]>): Promise<number> {
    const unsettled = new Map(this.#pairsOf(first));
    const pairs = unsettled.size;
    let statements = first;
    let looks = await this.#canvass.look(statements, suspects);
    this.#countEscrow(first, looks);
    this.#judgeSuspects(suspects, looks);
    for (let round = 1; round <= ROUNDS_MAX; round++) {
      if (unsettled.size === 0 && suspects.size === 0) return pairs;
      await sleep(this.#ports.timers, PAUSE_MS * (round - 1));
      const next = await this.#canvass.again([...unsettled.values()]);
      await this.#judgePairs(unsettled, { before: statements, after: next, looks });
      looks = await this.#canvass.look(next, suspects);
      this.#judgeSuspects(suspects, looks);
      statements = next;
    }
    for (const pair of unsettled.values()) {
      this.#unsettled.push(`${this.#words.pair(pair)}: fish keep moving`);
    }
    for (const [id, places] of suspects) {
      this.#unsettled.push(`fish ${id} keeps moving: ${this.#words.places(places)}`);
    }
    return pairs;
  }

  /** Fish in escrow; where a destination did not answer, they may be there as well. */
  #countEscrow(statements: Statements, looks: Looks): void {
    const { nodeId: ownId } = this.#ports.cluster;
    for (const [nodeId, { escrow }] of statements) {
      // What partners send to others is not of this node's audit.
      if (this.#scope === "own" && nodeId !== ownId) continue;
      for (const row of escrow) {
        const { entity_id, destination_node_id } = row;
        if (!isThere(row)) continue;
        if (isAccepted(nodeId, row, looks.get(destination_node_id))) continue;
        this.#inEscrow++;
        if (statements.has(destination_node_id) || this.#canvass.isNamed(destination_node_id))
          continue;
        const server = this.#words.server(destination_node_id);
        this.#unsettled.push(`fish ${entity_id} is on its way to ${server}, which is not here`);
      }
    }
  }

  /** A suspect is double when it stays in two places, and none when it is in one now. */
  #judgeSuspects(suspects: Map<string, readonly Place[]>, looks: Looks): void {
    for (const [id, before] of [...suspects]) {
      const now = placesSeen(id, looks);
      const stay = placesThatStay(before, now, looks);
      if (stay.length > 1) {
        const what = `fish ${id} is in several places: ${this.#words.places(stay)}`;
        this.#double.push({ fish_id: id, count: stay.length - 1, what });
      }
      if (stay.length > 1 || placesNow(now, looks).length < 2) suspects.delete(id);
      else suspects.set(id, now);
    }
  }

  async #judgePairs(
    unsettled: Map<string, Pair>,
    { before, after, looks }: { before: Statements; after: Statements; looks: Looks },
  ): Promise<void> {
    const earlier = pairsOf(before);
    for (const [key, pair] of pairsOf(after)) {
      if (!unsettled.has(key)) continue;
      // Without a look at the destination it is not known what it has accepted.
      if (pair.open > 0 && !looks.has(pair.destination_node_id)) continue;
      const surplus = surplusOfPair(earlier.get(key), pair, acceptedOpen(pair, before, looks));
      if (surplus === undefined) continue;
      unsettled.delete(key);
      if (surplus !== 0) await this.#reportPair(pair, surplus);
    }
  }

  async #reportPair(pair: Pair, surplus: number): Promise<void> {
    const words = this.#words.pair(pair);
    const what =
      surplus < 0
        ? `${words}: ${pair.delivered} delivered, ${pair.accepted} accepted`
        : `${words}: ${pair.accepted} accepted, ${pair.delivered} delivered`;
    const names = await this.#names.ofPair(pair, surplus);
    this.#report(surplus < 0 ? this.#missing : this.#double, Math.abs(surplus), names, what);
  }

  async #checkTanks(nodeId: string, { tanks, unread }: Statement): Promise<void> {
    for (const { tank_id, reason } of unread) {
      this.#unsettled.push(`${this.#words.tank(nodeId, tank_id)} cannot be read: ${reason}`);
    }
    for (const tank of tanks) {
      const words = this.#words.tank(nodeId, tank.tank_id);
      const findings = checkTank(tank);
      if (findings.length === 0 && !isExact(tank)) {
        this.#unsettled.push(`${words}: fish keep moving`);
      }
      for (const finding of findings) {
        const { kind, count, what } = finding;
        const list = kind === "missing" ? this.#missing : this.#double;
        const names = await this.#names.ofTank(nodeId, tank.tank_id, finding);
        this.#report(list, count, names, `${words}: ${what}`);
      }
    }
  }

  /** One finding for each fish that is named, and one for the rest. */
  #report(list: Finding[], count: number, names: readonly string[], what: string): void {
    for (const fish_id of names) list.push({ fish_id, count: 1, what: `fish ${fish_id}, ${what}` });
    const rest = count - names.length;
    if (rest > 0) list.push({ fish_id: null, count: rest, what });
  }
}

/** Open transfers of the pair that its destination has accepted. */
function acceptedOpen(pair: Pair, statements: Statements, looks: Looks): number {
  const { source_node_id, source_tank_id, destination_node_id, destination_tank_id } = pair;
  const open = (statements.get(source_node_id)?.escrow ?? []).filter(
    (row) =>
      row.source_tank_id === source_tank_id &&
      row.destination_tank_id === destination_tank_id &&
      row.entity_type === pair.entity_type,
  );
  const look = looks.get(destination_node_id);
  return open.filter((row) => isAccepted(source_node_id, row, look)).length;
}
