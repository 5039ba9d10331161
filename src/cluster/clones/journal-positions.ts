import { messageOf, Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Cancel } from "../../platform/timers.ts";
import type { JournalWrite } from "../../store/journal.ts";
import type { ClusterDeps } from "../deps.ts";
import { Boots } from "./boots.ts";
import { PeerPositions } from "./peer-positions.ts";
import { isStatedBy, readPosition, statePosition } from "./position.ts";

/** What migration needs of it: positions go with everything that moves a fish. */
export interface Positions {
  /** Why the tanks of this node stand still; undefined where they do not. */
  readonly held: Problem | undefined;
  /** Whether it is known again what other nodes have said. Before that nothing of theirs is decided. */
  readonly recalled: boolean;
  /** This node's own position in its signed words. Undefined before its start is written down. */
  statement(): string | undefined;
  /** The words of another node that are remembered here: it is asked to decide nothing without them. */
  remembered(nodeId: string): string | undefined;
  /** Another node shows what it remembers of this one. Holds where that is more than there is. */
  judge(nodeId: string, remembered: string | null | undefined): void;
  /** For the transaction that decides or settles a transfer: what the other node has said. */
  remember(nodeId: string, statement: string | undefined): readonly JournalWrite[];
  /**
   * Whether that node, in another start than the one that is remembered, is behind what is
   * remembered, or another start of it is alive. Within one start messages may overtake each other.
   */
  isBehind(nodeId: string, statement: string | undefined): boolean;
}

/** The part of a message between nodes that is about positions. */
export interface SaidPositions {
  readonly journal_position?: string | undefined;
  readonly remembered_position?: string | null | undefined;
}

export type JournalPositionsDeps = Pick<
  ClusterDeps,
  "identity" | "bootId" | "journal" | "clock" | "timers" | "log" | "isEngagedWith"
>;

/** A full disk at the start is no reason to stay silent for ever. */
const BEGIN_AGAIN_MS = 2_000;

/**
 * Where this node's journal comes from and how far others have come: notices a directory that was
 * set back or copied, by what others remember of it.
 */
export class JournalPositions implements Positions {
  readonly #deps: JournalPositionsDeps;
  readonly #boots: Boots;
  readonly #peers: PeerPositions;
  readonly #publicKeyOf: (nodeId: string) => string | undefined;
  readonly #counts: (nodeId: string, bootId: string) => boolean;
  readonly #onHold: (problem: Problem) => void;
  #held: Problem | undefined;
  #stated: { readonly position: number; readonly text: string } | undefined;
  /** The position that each node has named last, which may be behind what is remembered. */
  readonly #latest = new Map<string, number>();
  #cancelRecall: Cancel = () => {};
  #cancelBegin: Cancel = () => {};
  #started: Promise<void> | undefined;
  #stopped = false;

  constructor(
    deps: JournalPositionsDeps,
    hooks: {
      readonly publicKeyOf: (nodeId: string) => string | undefined;
      /** Whether this is the start of a node that counts, where two of them may be alive. */
      readonly counts: (nodeId: string, bootId: string) => boolean;
      readonly onHold: (problem: Problem) => void;
    },
  ) {
    this.#deps = deps;
    this.#boots = new Boots(deps.journal, deps.bootId);
    this.#peers = new PeerPositions({
      ...deps,
      isEngaged: (nodeId) => deps.isEngagedWith?.(nodeId) ?? false,
    });
    this.#publicKeyOf = hooks.publicKeyOf;
    this.#counts = hooks.counts;
    this.#onHold = hooks.onHold;
  }

  get held(): Problem | undefined {
    return this.#held;
  }

  get recalled(): boolean {
    return this.#peers.loaded;
  }

  /** Resolves when both memories are there, or cannot be had now. Once, however often it is asked for. */
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

  /** The tanks of this node stand still from now on. The first reason stays. */
  hold(problem: Problem): void {
    if (this.#held) return;
    this.#held = problem;
    this.#onHold(problem);
  }

  statement(): string | undefined {
    const { identity, bootId, journal } = this.#deps;
    if (!this.#boots.begun || this.#held) return undefined;
    const { position } = journal;
    if (this.#stated?.position !== position) {
      this.#stated = { position, text: statePosition(identity, bootId, position) };
    }
    return this.#stated.text;
  }

  remembered(nodeId: string): string | undefined {
    return this.#peers.of(nodeId)?.text;
  }

  remember(nodeId: string, statement: string | undefined): readonly JournalWrite[] {
    if (nodeId === this.#deps.identity.nodeId) return [];
    const said = readPosition(statement);
    const key = this.#publicKeyOf(nodeId);
    if (!said || (key !== undefined && !isStatedBy(key, nodeId, said))) return [];
    return this.#peers.writes(nodeId, said);
  }

  isBehind(nodeId: string, statement: string | undefined): boolean {
    const known = this.#peers.of(nodeId);
    const said = readPosition(statement);
    if (!said) return false;
    if (!this.#counts(nodeId, said.bootId)) return true;
    return known !== undefined && said.bootId !== known.bootId && said.position < known.position;
  }

  /** What a handshake with that node says. */
  tell(nodeId: string): SaidPositions {
    return {
      journal_position: this.statement(),
      remembered_position: this.#peers.of(nodeId)?.text ?? null,
    };
  }

  /** What a ping says: the other's own words only where it seems to have forgotten them. */
  tellBriefly(nodeId: string): SaidPositions {
    const known = this.#peers.of(nodeId);
    const latest = this.#latest.get(nodeId);
    const forgotten = known && latest !== undefined && latest < known.position;
    return {
      journal_position: this.statement(),
      ...(forgotten ? { remembered_position: known.text } : {}),
    };
  }

  /**
   * What a node has said. Holds where it remembers more of us than there is. `answered`: it knows
   * what we remember of it and has not stopped for that, so that its word may take the place of ours.
   */
  hear(nodeId: string, said: SaidPositions, answered: boolean): void {
    this.judge(nodeId, said.remembered_position);
    const statement = readPosition(said.journal_position);
    if (statement) this.#noteLatest(nodeId, statement.position);
    const known = this.#peers.of(nodeId);
    if (!statement || (known && known.bootId !== statement.bootId && !answered)) return;
    // The word of a copy must not be held against its original.
    if (this.#counts(nodeId, statement.bootId)) this.#peers.hear(nodeId, statement);
  }

  #noteLatest(nodeId: string, position: number): void {
    this.#latest.delete(nodeId);
    this.#latest.set(nodeId, position);
    const oldest = this.#latest.keys().next().value;
    if (this.#latest.size > LIMITS.serversMax && oldest !== undefined) this.#latest.delete(oldest);
  }

  judge(nodeId: string, remembered: string | null | undefined): void {
    const { identity } = this.#deps;
    const said = readPosition(remembered);
    if (!said || this.#held) return;
    const contradiction = this.#boots.contradictionTo(said);
    if (contradiction === undefined) return;
    if (!isStatedBy(identity.publicKey, identity.nodeId, said)) return;
    this.hold(
      new Problem(
        "directory_copied",
        `This data directory is an older state or a copy of itself: node ${nodeId} says that ` +
          `${contradiction}. The tanks here stand still, so that no fish lives twice; start it ` +
          "with --fork to make it a node of its own.",
      ),
    );
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
