import { invariant, messageOf, Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import type {
  Command,
  FishId,
  FishProfile,
  FishView,
  Migrant,
  MigrantOrder,
} from "../sim/types.ts";
import {
  type Journal,
  JournalConflict,
  type JournalWrite,
  StorageUnavailable,
} from "../store/journal.ts";
import type { LogRow, SnapshotRow, TankRow } from "../store/rows.ts";
import { CommitQueue } from "./log/commit-queue.ts";
import { encodeCommand } from "./log/encode-command.ts";
import { entryBytes } from "./log/entry-bytes.ts";
import { chain } from "./log/log-chain.ts";
import type { Alongside, CommittedCensus, Stamped } from "./tanks.ts";
import type {
  CapturedState,
  LoadTank,
  SaidOfTank,
  TankLoad,
  TankReport,
  ToSimulation,
} from "./thread/simulation.ts";
import { WaitingRequests } from "./waiting.ts";

/** The last log entry of a tank that its simulation has reported. */
export interface LogEnd {
  readonly seq: number;
  readonly checksum: string;
  /** See {@link SnapshotRow.log_bytes}. */
  readonly bytes: number;
}

/** `storage`: nothing can be written now. `conflict`: only this change could not be. */
export interface CommitFailure {
  readonly kind: "storage" | "conflict";
  readonly error: unknown;
}

/** A state with the end of the log up to which it goes. */
export interface ChainedState {
  readonly state: CapturedState;
  readonly logEnd: LogEnd;
}

export interface IncarnationDeps {
  readonly row: TankRow;
  readonly load: number;
  readonly post: (message: ToSimulation) => void;
  readonly journal: Journal;
  readonly engineVersion: number;
  readonly logEnd: LogEnd;
  readonly report: TankReport;
  /** The simulation is ahead of what can be made durable: the tank has to be reverted. */
  readonly onFailure: (failure: CommitFailure) => void;
}

interface CommandContext {
  readonly command: Command;
  readonly alongside: Alongside | undefined;
}

/** A message without the address of its tank. */
type Unaddressed<Message> = Message extends TankLoad ? Omit<Message, keyof TankLoad> : never;

/**
 * One incarnation of a tank in its simulation, from its load until it is reverted, removed or
 * stopped. It guarantees output commit: a command is answered only when its log row, with the
 * accompanying writes, is durable.
 */
export class TankIncarnation {
  readonly load: number;
  readonly #deps: IncarnationDeps;
  readonly #queue: CommitQueue;
  readonly #commands = new WaitingRequests<CommandContext, Stamped>();
  readonly #fish = new WaitingRequests<null, readonly FishView[]>();
  readonly #profiles = new WaitingRequests<null, FishProfile | undefined>();
  readonly #censuses = new WaitingRequests<null, CommittedCensus>();
  readonly #migrants = new WaitingRequests<null, readonly Migrant[]>();
  readonly #captures = new WaitingRequests<null, ChainedState>();
  #logEnd: LogEnd;
  #ended = false;
  report: TankReport;

  constructor(deps: IncarnationDeps) {
    this.#deps = deps;
    this.load = deps.load;
    this.report = deps.report;
    this.#logEnd = deps.logEnd;
    this.#queue = new CommitQueue(deps.journal, deps.logEnd.seq, (error) =>
      deps.onFailure({ kind: error instanceof JournalConflict ? "conflict" : "storage", error }),
    );
  }

  get durableSeq(): number {
    return this.#queue.durableSeq;
  }

  /** Whether its log has grown since it was loaded. */
  get hasLogged(): boolean {
    return this.#logEnd.seq > this.#deps.logEnd.seq;
  }

  get logEnd(): LogEnd {
    return this.#logEnd;
  }

  /** Commits the tank itself, with the digest of its initial state as entry 1 of its log. */
  async found(digest: string): Promise<void> {
    const row = this.#chain({ seq: 1, tick: 0 }, "mark", new Uint8Array(), digest);
    const tank = { put: "tank", row: this.#deps.row } as const;
    try {
      await this.commit([tank, { put: "log", row }], row.seq);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  submit(command: Command, alongside: Alongside | undefined): Promise<Stamped> {
    if (this.#commands.size + this.#queue.length >= LIMITS.commandsWaitingMax) {
      throw new Problem("too_many", "too many changes of this tank are waiting; try again");
    }
    return this.#commands.ask({ command, alongside }, (request) =>
      this.#post({ kind: "command", request, command }),
    );
  }

  fish(): Promise<readonly FishView[]> {
    return this.#fish.ask(null, (request) => this.#post({ kind: "ask", request, about: "fish" }));
  }

  fishProfile(fishId: FishId): Promise<FishProfile | undefined> {
    return this.#profiles.ask(null, (request) => this.#post({ kind: "ask_fish", request, fishId }));
  }

  /** Records show what other commands have done: with them it resolves when that is durable. */
  async selectMigrants(order: MigrantOrder): Promise<readonly Migrant[]> {
    const migrants = await this.#migrants.ask(null, (request) =>
      this.#post({ kind: "ask_migrants", request, order }),
    );
    if (order.copies) await this.commit([]);
    return migrants;
  }

  /** Resolves when every change that it includes is durable; rejects when that fails. */
  async census(): Promise<CommittedCensus> {
    const census = await this.#censuses.ask(null, (request) =>
      this.#post({ kind: "ask", request, about: "census" }),
    );
    await this.commit([]);
    return census;
  }

  /** Captures the final state and stops the tank's clock there. */
  captureFinally(): Promise<ChainedState> {
    return this.#captures.ask(null, (request) => this.#post({ kind: "capture", request }));
  }

  /** Stops the tank's clock until `unfreeze`. */
  freeze(): void {
    this.#post({ kind: "freeze" });
  }

  unfreeze(): void {
    this.#post({ kind: "unfreeze" });
  }

  watch(watched: boolean): void {
    this.#post({ kind: "watch", watched });
  }

  /**
   * Commits writes after everything that was applied so far; without writes it only waits for that.
   * Rejects when an earlier commit fails.
   */
  commit(writes: readonly JournalWrite[], seq = 0): Promise<void> {
    return new Promise((settle, fail) => this.#queue.add({ writes, seq, settle, fail }));
  }

  /**
   * Ends this incarnation: unloads it and rejects requests to its simulation with `reason`. What it
   * applied before still becomes durable, unless that is what failed. Resolves when that is over.
   */
  async end(reason: Problem): Promise<void> {
    if (!this.#ended) {
      this.#ended = true;
      this.#post({ kind: "unload" });
      const questions = [this.#fish, this.#profiles, this.#censuses, this.#migrants];
      for (const waiting of [this.#commands, ...questions, this.#captures]) waiting.end(reason);
    }
    await this.#queue.close(reason);
  }

  onAnswer(
    message: SaidOfTank<"applied" | "mark" | "fish" | "fish_profile" | "census" | "migrants">,
  ): void {
    switch (message.kind) {
      case "applied":
        this.#onApplied(message);
        break;
      case "mark":
        this.#onMark(message);
        break;
      case "fish":
        this.#fish.answer(message.request, message.fish);
        break;
      case "fish_profile":
        this.#profiles.answer(message.request, message.profile);
        break;
      case "census": {
        const { seq, census } = message;
        this.#censuses.answer(message.request, { ...census, seq, epoch: this.#deps.row.epoch });
        break;
      }
      case "migrants":
        this.#migrants.answer(message.request, message.migrants);
    }
  }

  /** Adds the state's place in the log and answers a pending request for it. */
  onCaptured(message: SaidOfTank<"captured">): ChainedState {
    const { seq, tick, controls, digest, packed, request } = message;
    invariant(seq === this.#logEnd.seq, "a state is captured at the end of the log");
    const state = { seq, tick, controls, digest, packed };
    const chained = { state, logEnd: this.#logEnd };
    if (request !== undefined) this.#captures.answer(request, chained);
    return chained;
  }

  #onMark({ seq, tick, digest }: SaidOfTank<"mark">): void {
    const row = this.#chain({ seq, tick }, "mark", new Uint8Array(), digest);
    this.#queue.add({ writes: [{ put: "log", row }], seq, settle: () => {}, fail: () => {} });
  }

  #onApplied(message: SaidOfTank<"applied">): void {
    const waiting = this.#commands.take(message.request);
    invariant(waiting, "the simulation answers a command once");
    const { outcome, seq, tick } = message;
    const { command, alongside } = waiting.context;
    const done = outcome.kind === "done";
    const writes: JournalWrite[] = [];
    const stamped: Stamped = { outcome, seq, tick, epoch: this.#deps.row.epoch };
    this.report = message.report ?? this.report;
    try {
      if (done) {
        const row = this.#chain({ seq, tick }, command.kind, encodeCommand(command), null);
        writes.push({ put: "log", row });
      }
      writes.push(...(alongside?.(stamped) ?? []));
    } catch (error) {
      waiting.reject(error);
      if (done) this.#deps.onFailure({ kind: "conflict", error });
      return;
    }
    this.#queue.add({
      writes,
      seq: done ? seq : 0,
      settle: () => waiting.resolve(stamped),
      fail: (error) => waiting.reject(refusalOf(error)),
    });
  }

  #chain(
    at: { readonly seq: number; readonly tick: number },
    kind: LogRow["kind"],
    payload: Uint8Array,
    digest: string | null,
  ): LogRow {
    invariant(at.seq === this.#logEnd.seq + 1, "the simulation numbers the log without gaps");
    const row = chain(this.#logEnd.checksum, {
      tank_id: this.#deps.row.tank_id,
      ...at,
      kind,
      payload,
      digest,
      engine_version: this.#deps.engineVersion,
    });
    const bytes = this.#logEnd.bytes + entryBytes(row);
    this.#logEnd = { seq: row.seq, checksum: row.checksum, bytes };
    return row;
  }

  #post(message: Unaddressed<Exclude<ToSimulation, LoadTank>>): void {
    this.#deps.post({ ...message, tank: this.#deps.row.tank_id, load: this.load });
  }
}

/** The Problem that answers a command whose commit failed. */
function refusalOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const options = { cause: error };
  if (error instanceof StorageUnavailable) {
    return new Problem("storage_unavailable", messageOf(error), options);
  }
  if (error instanceof JournalConflict) return new Problem("conflict", messageOf(error), options);
  return new Problem("internal", messageOf(error), options);
}
