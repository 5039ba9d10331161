import { messageOf, Problem } from "../../platform/errors.ts";
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

/** What migration needs of it: positions go with everything that moves a fish. */
export interface Positions {
  /** Why this node is fenced: its tanks do not run. Undefined where it is not. */
  readonly fenced: Problem | undefined;
  /**
   * Whether it is known again what other nodes have said. Before that nothing of theirs is decided.
   */
  readonly recalled: boolean;
  /** This node's own position in its signed words. Undefined before its start is written down. */
  statement(): string | undefined;
  /**
   * The words of another node that are remembered here: it is asked to decide nothing without them.
   */
  remembered(nodeId: string): string | undefined;
  /**
   * Another node shows what it remembers of this one. Fences it where that is more than there is.
   */
  judge(nodeId: string, remembered: string | null | undefined): void;
  /** For the transaction that decides or settles a transfer: what the other node has said. */
  remember(nodeId: string, statement: string | undefined): readonly JournalWrite[];
  /**
   * Whether that node, in another start than the one that is remembered, is behind what is
   * remembered, or another start of it is alive. Within one start messages may overtake each other.
   */
  isBehind(nodeId: string, statement: string | undefined): boolean;
  /**
   * Whether fish may leave this node yet. Not before whoever remembers more of it than it does has
   * had a chance to say so.
   */
  clearedForExport(nowMs: number): boolean;
}

export type JournalPositionsDeps = Pick<
  ClusterDeps,
  "identity" | "bootId" | "journal" | "clock" | "timers" | "log" | "isEngagedWith"
>;

export interface JournalPositionsHooks {
  readonly table: Pick<PeerTable, "get" | "update">;
  /** Whether this is the start of a node that counts, where two of them may be alive. */
  readonly counts: (nodeId: string, bootId: string) => boolean;
  /** What the starts of a node are asked to sign, where two of them may be alive. */
  readonly challenges: (nodeId: string) => readonly string[] | undefined;
  /** Another node asks this start to show that it is alive. */
  readonly onChallenged: (nodeId: string, challenges: readonly string[]) => void;
  readonly onFenced: (problem: Problem) => void;
}

/** A full disk at the start is no reason to stay silent for ever. */
const BEGIN_AGAIN_MS = 2_000;

/**
 * Where this node's journal comes from and how far others have come: notices a directory that was
 * set back or copied, by what others remember of it.
 */
export class JournalPositions implements Positions {
  readonly #deps: JournalPositionsDeps;
  readonly #hooks: JournalPositionsHooks;
  readonly #boots: Boots;
  readonly #peers: PeerPositions;
  readonly #clearance = new ExportClearance();
  /** To the hub. */
  readonly #reports = new PositionReports();
  /** By others, to this node as a hub. */
  readonly #reported = new ReportedPositions();
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
    });
  }

  get fenced(): Problem | undefined {
    return this.#fenced;
  }

  get recalled(): boolean {
    return this.#peers.loaded;
  }

  /**
   * Resolves when both memories are there, or cannot be had now. Once, however often it is asked
   * for.
   */
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

  /** The tanks of this node do not run from now on. The first reason stays. */
  fence(problem: Problem): void {
    if (this.#fenced) return;
    this.#fenced = problem;
    this.#hooks.onFenced(problem);
  }

  /** This node begins to speak to others. */
  joining(): void {
    this.#clearance.joining(this.#deps.clock.monotonicMs());
  }

  /** The hub has answered a registration or a ping, after {@link hear} was told what it said. */
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

  remember(nodeId: string, statement: string | undefined): readonly JournalWrite[] {
    if (nodeId === this.#deps.identity.nodeId) return [];
    const said = readPosition(statement);
    return said && isStatedBy(nodeId, said) ? this.#peers.writes(nodeId, said) : [];
  }

  isBehind(nodeId: string, statement: string | undefined): boolean {
    const known = this.#peers.of(nodeId);
    const said = readPosition(statement);
    if (!said) return false;
    if (!this.#hooks.counts(nodeId, said.bootId)) return true;
    return known !== undefined && said.bootId !== known.bootId && said.position < known.position;
  }

  /** What a handshake with that node says. */
  tell(nodeId: string): Said {
    return {
      ...this.#tellAlways(nodeId),
      remembered_position: this.#peers.of(nodeId)?.text ?? null,
    };
  }

  /** What a ping says: the other's own words only where it seems to have forgotten them. */
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
   * What a node has said. Fences this one where it remembers more of it than there is. `answered`:
   * it knows what we remember of it and was not fenced for that, so that its word may take the
   * place of ours.
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
    // The word of a clone must not be held against its original.
    if (this.#hooks.counts(nodeId, statement.bootId)) this.#peers.hear(nodeId, statement);
  }

  /**
   * What the hub should be told of the journals of fish partners, in a message of its own batch.
   * Whoever gave this node a fish need not speak to it any more; the hub speaks to everybody.
   */
  positionsToReport(hub: string): readonly string[] {
    return this.#reports.next(hub, this.#peers.partners());
  }

  /** The hub has answered the message that carried them. */
  reported(batch: readonly string[]): void {
    this.#reports.confirm(batch);
  }

  /**
   * A node reports what third ones have said of their journals. What does not verify is not kept.
   */
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
          "start with --fork to make it a node of its own",
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

  /** Reported statements that do not follow from what that node has said last. */
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
      this.#deps.log.warn("this start cannot be written down", { reason: messageOf(error) });
      if (this.#stopped) return;
      this.#cancelBegin = this.#deps.timers.after(BEGIN_AGAIN_MS, () => void this.#begin());
    }
  }
}
