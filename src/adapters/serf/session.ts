import type { Announcement, Nomination } from "../../discovery/backend.ts";
import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";
import { type Agent, exactly } from "./agent.ts";
import type { Member } from "./members.ts";
import { isAlive, nominationOf, type Spokesman, spokesmen } from "./nominations.ts";
import { RefusedCommand } from "./rpc.ts";
import {
  CLUSTER_TAG,
  hintsOfMember,
  ID_TAG,
  ourTags,
  type TagChange,
  tagChange,
  tagsFor,
} from "./tags.ts";

export interface SessionDeps {
  readonly agent: Agent;
  /** Another connection, for commands that block the agent for a second. */
  readonly open: () => Promise<Agent>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly nominate: (nomination: Nomination) => void;
}

/**
 * The members are also polled at this interval. An agent delays events for one to three seconds,
 * and some for ever.
 */
const SEARCHING_POLL_MS = 500;
const CALM_POLL_MS = 15_000;
/** Events come in bursts. */
const AFTER_EVENT_MS = 50;
/**
 * Two nodes may use one agent, which has room for the tags of one. The tags of the other node stay
 * for this long, whether or not it is there; then it is this node's turn.
 */
const TURN_MS = 300_000;

/** One connection to an agent: keeps this node's tags there, and nominates members. */
export class Session {
  readonly #deps: SessionDeps;
  #announcement: Announcement;
  #isWithdrawn = false;
  #isWriting = false;
  #hasAnnounced = false;
  /** The start of another node whose tags the agent has, and since when. */
  #holder: { readonly key: string; readonly sinceMs: number } | undefined;
  /** The last nominations, by the name of the member. */
  readonly #told = new Map<string, string>();
  #others = 0;
  #trouble: string | undefined;
  /** When the next poll is due, by the monotonic clock. */
  #dueMs = 0;
  #setAlarm: () => void = () => {};

  constructor(deps: SessionDeps, announcement: Announcement) {
    this.#deps = deps;
    this.#announcement = announcement;
  }

  /** Number of other nodes that the members stand for. */
  get others(): number {
    return this.#others;
  }

  /** Why this node cannot be announced; one line. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Runs until the connection has ended; resolves with the reason. */
  async run(): Promise<Error> {
    const { agent } = this.#deps;
    void agent.ended.then(() => this.#wake(0));
    await agent.follow(() => this.#wake(AFTER_EVENT_MS)).catch((error) => this.#note(error));
    while (!agent.hasEnded) {
      const isSearching = this.#announcement.role === "discovering";
      this.#dueMs = this.#nowMs() + (isSearching ? SEARCHING_POLL_MS : CALM_POLL_MS);
      await this.#look().catch((error) => this.#note(error));
      if (!agent.hasEnded) await this.#untilDue();
    }
    return agent.ended;
  }

  update(announcement: Announcement): void {
    this.#announcement = announcement;
    this.#wake(0);
  }

  /** Nominates all members again. */
  refresh(): void {
    this.#told.clear();
    this.lookAgain();
  }

  /** There may be others now. */
  lookAgain(): void {
    this.#wake(0);
  }

  /** Removes this node's tags, unless they are another node's by now. */
  async withdraw(): Promise<void> {
    this.#isWithdrawn = true;
    const own = await this.#deps.agent.self();
    if (own && hintsOfMember(own).nodeId === this.#announcement.nodeId) {
      const change = tagChange(ourTags(own.tags), new Map());
      if (change) await this.#deps.agent.setTags(change);
    }
  }

  async #look(): Promise<void> {
    const { agent } = this.#deps;
    const cluster = exactly(this.#announcement.cluster);
    const members = await agent.membersWith({ [ID_TAG]: ".+", [CLUSTER_TAG]: cluster });
    this.#nominate(spokesmen(members.filter(({ name }) => name !== agent.name)));
    // Without its tags the agent itself is not among them.
    const own = members.find(({ name }) => name === agent.name) ?? (await agent.self());
    if (own) this.#announce(own);
  }

  #nominate(found: readonly Spokesman[]): void {
    const { nodeId } = this.#announcement;
    // A former agent of this node may still be listed; a live one belongs to a copy of this node.
    const others = found.filter((one) => one.nodeId !== nodeId || isAlive(one));
    this.#others = new Set(others.map((one) => one.nodeId)).size;
    const names = new Set(others.map(({ member }) => member.name));
    for (const name of this.#told.keys()) if (!names.has(name)) this.#told.delete(name);
    for (const one of others) {
      const nomination = nominationOf(one);
      const said = JSON.stringify([one.member.status, nomination]);
      if (this.#told.get(one.member.name) === said) continue;
      this.#told.set(one.member.name, said);
      this.#deps.nominate(nomination);
    }
  }

  /** Brings the agent's tags to the wanted state. */
  #announce(own: Member): void {
    if (this.#isWriting || this.#isWithdrawn) return;
    const present = ourTags(own.tags);
    const others = new Map([...own.tags].filter(([key]) => !present.has(key)));
    const wanted = tagsFor(this.#announcement, others);
    const change = wanted && tagChange(present, wanted);
    if (wanted === undefined) {
      this.#trouble = "the agent's tags leave no room for those of this node: remove some";
    } else if (change === undefined) {
      this.#hasAnnounced = true;
      this.#trouble = undefined;
    } else if (this.#isOurTurn(own)) {
      this.#isWriting = true;
      void this.#write(change).finally(() => {
        this.#isWriting = false;
      });
    } else {
      this.#trouble = "it announces another node of this machine at present";
    }
  }

  /** Not awaited: the agent answers when the others have been told. */
  async #write(change: TagChange): Promise<void> {
    const announced = this.#announcement;
    try {
      const agent = await this.#deps.open();
      try {
        if (!this.#isWithdrawn) await agent.setTags(change);
      } finally {
        agent.close();
      }
      this.#hasAnnounced = true;
      this.#trouble = undefined;
      // Otherwise the next regular poll tells whether the agent has done it.
      if (announced !== this.#announcement) this.#wake(0);
    } catch (error) {
      this.#trouble = `cannot announce this node: ${messageOf(error)}`;
    }
  }

  /** A later node takes the place of the earlier one; after that they take turns. */
  #isOurTurn(own: Member): boolean {
    const { nodeId, bootId } = hintsOfMember(own);
    if (nodeId === undefined || nodeId === this.#announcement.nodeId) {
      this.#holder = undefined;
      return true;
    }
    const nowMs = this.#nowMs();
    const key = `${nodeId} ${bootId}`;
    if (this.#holder?.key !== key) this.#holder = { key, sinceMs: nowMs };
    return !this.#hasAnnounced || nowMs - this.#holder.sinceMs >= TURN_MS;
  }

  /** The next poll is due after this time, or earlier. */
  #wake(delayMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, this.#nowMs() + delayMs);
    this.#setAlarm();
  }

  #untilDue(): Promise<void> {
    const { timers } = this.#deps;
    let cancel: Cancel = () => {};
    return new Promise((resolve) => {
      this.#setAlarm = () => {
        cancel();
        cancel = timers.after(Math.max(0, this.#dueMs - this.#nowMs()), () => {
          this.#setAlarm = () => {};
          resolve();
        });
      };
      this.#setAlarm();
    });
  }

  #nowMs(): number {
    return this.#deps.clock.monotonicMs();
  }

  #note(error: unknown): void {
    if (error instanceof RefusedCommand) this.#trouble = `the agent says: ${messageOf(error)}`;
  }
}
