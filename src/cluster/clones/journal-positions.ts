import { BoundedMap } from "../../platform/bounded-map.ts";
import { messageOf, Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Cancel } from "../../platform/timers.ts";
import type { JournalWrite } from "../../store/journal.ts";
import type { ClusterDeps } from "../deps.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { Boots } from "./boots.ts";
import { ExportClearance } from "./export-clearance.ts";
import { PeerPositions } from "./peer-positions.ts";
import {
  isStatedBy,
  type PositionStatement,
  readPosition,
  statedBy,
  statePosition,
} from "./position.ts";
import { PositionReports } from "./position-reports.ts";
import { ReportedPositions } from "./reported-positions.ts";
import type { Said } from "./said.ts";

/** The part that migration uses: positions accompany every step of a transfer. */
export interface Positions {
  /** Why this node is fenced; undefined while it is not. */
  readonly fenced: Problem | undefined;
  /**
   * Whether the positions of other nodes are loaded. Before that none of their transfers is
   * decided.
   */
  readonly recalled: boolean;
  /** This node's own signed position. Undefined before its start is recorded. */
  statement(): string | undefined;
  /** The stored statement of another node, which accompanies every request for a decision to it. */
  remembered(nodeId: string): string | undefined;
  /** Takes another node's memory of this one. Fences this node if that exceeds its journal. */
  judge(nodeId: string, remembered: string | null | undefined): void;
  /**
   * Writes for the transaction that decides or settles a transfer: the other node's position. Of a
   * `stranger` it is kept like that of a node which was only met, and gives way first.
   */
  remember(
    nodeId: string,
    statement: string | undefined,
    isStranger?: boolean,
  ): readonly JournalWrite[];
  /**
   * Whether that node, in another start than the stored one, is behind its stored position, or
   * another start of it is alive. Within one start messages may be reordered.
   */
  isBehind(nodeId: string, statement: string | undefined): boolean;
  /**
   * Whether fish may leave this node yet. Not before nodes that remember a later position had a
   * chance to report it.
   */
  clearedForExport(nowMs: number): boolean;
}

export type JournalPositionsDeps = Pick<
  ClusterDeps,
  "identity" | "bootId" | "journal" | "clock" | "timers" | "log" | "isEngagedWith"
>;

export interface JournalPositionsHooks {
  readonly table: Pick<PeerTable, "get" | "update">;
  /** Whether a node is one of the cluster; see {@link Cluster.knows}. */
  readonly knows: (nodeId: string) => boolean;
  /** Whether this is the start of a node that counts, if two of them may be alive. */
  readonly counts: (nodeId: string, bootId: string) => boolean;
  /** The challenges for the starts of a node, if two of them may be alive. */
  readonly challenges: (nodeId: string) => readonly string[] | undefined;
  /** Called when another node asks this start to prove that it is alive. */
  readonly onChallenged: (nodeId: string, challenges: readonly string[]) => void;
  readonly onFenced: (problem: Problem) => void;
}

/** Interval of retries when the start cannot be recorded, as on a full disk. */
const BEGIN_AGAIN_MS = 2_000;

/**
 * Journal positions of this node and of others: detects a copied or set-back directory by the
 * memory of others.
 */
export class JournalPositions implements Positions {
  readonly #deps: JournalPositionsDeps;
  readonly #hooks: JournalPositionsHooks;
  readonly #boots: Boots;
  readonly #peers: PeerPositions;
  readonly #clearance = new ExportClearance();
  /** Reports to the hub. */
  readonly #reports = new PositionReports();
  /** Reports of others to this node as a hub. */
  readonly #reported = new ReportedPositions();
  /** Each node's statement that was verified last: all transfers of a request carry the same. */
  readonly #verified = new BoundedMap<string, string>(LIMITS.positionsRememberedMax);
  #fenced: Problem | undefined;
  #stated: { readonly position: number; readonly text: string } | undefined;
  #cancelRecall: Cancel = () => {};
  #cancelBegin: Cancel = () => {};
  #started: Promise<void> | undefined;
  #stopped = false;

  constructor(deps: JournalPositionsDeps, hooks: JournalPositionsHooks) {
    this.#deps = deps;
    this.#hooks = hooks;
    this.#boots = new Boots(deps.journal, deps.bootId);
    this.#peers = new PeerPositions({
      ...deps,
      isEngaged: (nodeId) => deps.isEngagedWith?.(nodeId) ?? false,
      isKnown: hooks.knows,
    });
  }

  get fenced(): Problem | undefined {
    return this.#fenced;
  }

  get recalled(): boolean {
    return this.#peers.loaded;
  }

  /** Resolves when both memories are loaded, or cannot be loaded now. Runs once. */
  start(): Promise<void> {
    this.#started ??= this.#recall().then(() => this.#begin());
    return this.#started;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRecall();
    this.#cancelBegin();
    this.#peers.stop();
  }

  /** Fences this node. The first reason stays. */
  fence(problem: Problem): void {
    if (this.#fenced) return;
    this.#fenced = problem;
    this.#hooks.onFenced(problem);
  }

  /** This node begins to speak to others. */
  joining(): void {
    this.#clearance.joining(this.#deps.clock.monotonicMs());
  }

  /** Called when the hub has answered a registration or a ping, after {@link hear}. */
  hubAnswered(): void {
    this.#clearance.hubAnswered();
  }

  clearedForExport(nowMs: number): boolean {
    return !this.#fenced && this.#clearance.cleared(nowMs);
  }

  statement(): string | undefined {
    const { identity, bootId, journal } = this.#deps;
    if (!this.#boots.begun || this.#fenced) return undefined;
    const { position } = journal;
    if (this.#stated?.position !== position) {
      this.#stated = { position, text: statePosition(identity, bootId, position) };
    }
    return this.#stated.text;
  }

  remembered(nodeId: string): string | undefined {
    return this.#peers.of(nodeId)?.text;
  }

  /** Whether fish were exchanged with that node. */
  hasExchanged(nodeId: string): boolean {
    return this.#peers.hasExchanged(nodeId);
  }

  remember(
    nodeId: string,
    statement: string | undefined,
    isStranger = false,
  ): readonly JournalWrite[] {
    if (nodeId === this.#deps.identity.nodeId) return [];
    const said = readPosition(statement);
    if (!said || !this.#isVerified(nodeId, said)) return [];
    return this.#peers.writes(nodeId, said, isStranger ? "handshake" : "transfer");
  }

  #isVerified(nodeId: string, statement: PositionStatement): boolean {
    if (this.#verified.get(nodeId) === statement.text) return true;
    const isGenuine = isStatedBy(nodeId, statement);
    if (isGenuine) this.#verified.set(nodeId, statement.text);
    return isGenuine;
  }

  isBehind(nodeId: string, statement: string | undefined): boolean {
    const known = this.#peers.of(nodeId);
    const said = readPosition(statement);
    if (!said) return false;
    if (!this.#hooks.counts(nodeId, said.bootId)) return true;
    return known !== undefined && said.bootId !== known.bootId && said.position < known.position;
  }

  /** The positions in a handshake with that node. */
  tell(nodeId: string): Said {
    return {
      ...this.#tellAlways(nodeId),
      remembered_position: this.#peers.of(nodeId)?.text ?? null,
    };
  }

  /** The positions in a ping: the other's own only if it seems to have lost that history. */
  tellBriefly(nodeId: string): Said {
    const known = this.#peers.of(nodeId);
    const latest = this.#hooks.table.get(nodeId)?.position;
    const forgotten = known && latest !== undefined && latest < known.position;
    return {
      ...this.#tellAlways(nodeId),
      ...(forgotten ? { remembered_position: known.text } : {}),
    };
  }

  /**
   * Evaluates the positions in a message. Fences this node if the other remembers a later one of
   * it. `answered`: the other knows this node's memory of it and was not fenced, so that its
   * present position may replace that memory.
   */
  hear(nodeId: string, said: Said, answered: boolean): void {
    this.judge(nodeId, said.remembered_position);
    for (const reported of said.reported_positions ?? []) this.judge(nodeId, reported);
    const { presence_challenges: challenges = [], partner_positions: partners = [] } = said;
    if (challenges.length > 0) this.#hooks.onChallenged(nodeId, challenges);
    this.hearReported(nodeId, partners);
    const statement = readPosition(said.journal_position);
    if (!statement) return;
    this.#hooks.table.update(nodeId, { position: statement.position });
    this.#reports.heardFrom(nodeId, statement.bootId);
    const known = this.#peers.of(nodeId);
    if (known && known.bootId !== statement.bootId && !answered) return;
    // A statement of a clone must not be used against its original.
    if (this.#hooks.counts(nodeId, statement.bootId)) this.#peers.hear(nodeId, statement);
  }

  /**
   * The next statements of fish partners for the hub. A partner may not communicate with this node
   * any more, but all communicate with the hub.
   */
  positionsToReport(hub: string): readonly string[] {
    return this.#reports.next(hub, this.#peers.partners());
  }

  /** Called when the hub has answered the message with them. */
  reported(batch: readonly string[]): void {
    this.#reports.confirm(batch);
  }

  /** Takes a node's reports of others' positions. Statements that do not verify are dropped. */
  hearReported(from: string, statements: readonly string[]): void {
    for (const text of statements) {
      const statement = readPosition(text);
      const nodeId = statement && statedBy(statement);
      if (nodeId && nodeId !== from && nodeId !== this.#deps.identity.nodeId) {
        this.#reported.note(from, nodeId, statement);
      }
    }
  }

  judge(nodeId: string, remembered: string | null | undefined): void {
    const { identity } = this.#deps;
    const said = readPosition(remembered);
    if (!said || this.#fenced) return;
    const contradiction = this.#boots.contradictionTo(said);
    if (contradiction === undefined) return;
    if (!isStatedBy(identity.nodeId, said, identity.publicKey)) return;
    this.fence(
      new Problem(
        "directory_copied",
        "fenced: this data directory is an older state or a copy of another one " +
          `(node ${nodeId} shows that ${contradiction}); ` +
          "start with --fork to turn it into a new node",
      ),
    );
  }

  #tellAlways(nodeId: string): Said {
    const reported = this.#newsFor(nodeId);
    const challenges = this.#hooks.challenges(nodeId) ?? [];
    return {
      journal_position: this.statement(),
      ...(reported.length > 0 ? { reported_positions: reported } : {}),
      ...(challenges.length > 0 ? { presence_challenges: [...challenges] } : {}),
    };
  }

  /** Reported statements that are not implied by the node's last one. */
  #newsFor(nodeId: string): string[] {
    const { boot, position = -1 } = this.#hooks.table.get(nodeId) ?? {};
    const isNews = (one: PositionStatement) =>
      one.bootId !== boot?.contact.bootId || one.position > position;
    return this.#reported
      .about(nodeId)
      .filter(isNews)
      .map(({ text }) => text);
  }

  async #recall(): Promise<void> {
    try {
      await this.#peers.load();
    } catch (error) {
      this.#deps.log.warn("remembered positions cannot be read", { reason: messageOf(error) });
      if (this.#stopped) return;
      this.#cancelRecall = this.#deps.timers.after(BEGIN_AGAIN_MS, () => void this.#recall());
    }
  }

  async #begin(): Promise<void> {
    try {
      await this.#boots.begin();
    } catch (error) {
      this.#deps.log.warn("this start cannot be recorded", { reason: messageOf(error) });
      if (this.#stopped) return;
      this.#cancelBegin = this.#deps.timers.after(BEGIN_AGAIN_MS, () => void this.#begin());
    }
  }
}
