import { messageOf } from "../../platform/errors.ts";
import type { Cancel } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import {
  type Candidate,
  type ElectionAction,
  type ElectionEvent,
  type ElectionState,
  elect,
  initialElection,
} from "./election.ts";

/** What follows from a decision; done by the parts that can do it. */
export interface MembershipHooks {
  /** We are hub now, after `predecessor` if there was one. */
  readonly onLead: (predecessor: string | undefined) => void;
  /** We follow this hub now. `previous` is the hub before, or ourselves after yielding. */
  readonly onFollow: (hub: string, previous: string | undefined) => void;
  /** We look for a hub again. */
  readonly onDiscover: () => void;
  readonly onDial: (nodeId: string) => void;
  /** Role, hub or term has changed. */
  readonly onChange: () => void;
}

/** The window in which a starting node waits for others, and how much of it is drawn. */
const WINDOW_MS = 900;
const WINDOW_JITTER_MS = 300;
const TICK_MS = 100;
/** The highest priority there is: beyond what `--priority` can say. */
const HUB_ROLE_PRIORITY = 1_000_000;

/** Drives the role decision: turns what happens into events, and its actions into deeds. */
export class Membership {
  readonly #deps: ClusterDeps;
  readonly #hooks: MembershipHooks;
  #state: ElectionState;
  #cancelTick: Cancel = () => {};
  #stopped = false;
  #isDecided = false;
  #resolveDecided: () => void = () => {};
  readonly decided: Promise<void>;

  constructor(deps: ClusterDeps, hooks: MembershipHooks) {
    this.#deps = deps;
    this.#hooks = hooks;
    const nodeId = deps.identity.nodeId;
    this.#state = initialElection(candidateOf(deps), { counter: 0, node_id: nodeId });
    this.decided = new Promise((resolve) => {
      this.#resolveDecided = resolve;
    });
  }

  get state(): ElectionState {
    return this.#state;
  }

  /** Loads the last term and begins to look for a hub. */
  async start(): Promise<void> {
    try {
      const term = await this.#deps.termStore.load();
      if (term) this.#state = { ...this.#state, term };
    } catch (error) {
      this.#deps.log.warn("the last term cannot be read", { reason: messageOf(error) });
    }
    this.discover();
  }

  /** Looks for a hub from the beginning. */
  discover(): void {
    if (this.#stopped) return;
    const windowMs = WINDOW_MS + this.#deps.random.unit() * WINDOW_JITTER_MS;
    this.dispatch({ kind: "started", nowMs: this.#deps.clock.monotonicMs(), windowMs });
    this.#hooks.onDiscover();
    this.#cancelTick();
    this.#scheduleTick();
  }

  /** Never leads again; gives the lead up where it has it. */
  bar(): void {
    const leads = this.#state.role === "hub";
    this.dispatch({ kind: "barred" });
    if (leads) this.discover();
  }

  dispatch(event: ElectionEvent): void {
    if (this.#stopped) return;
    const before = this.#state;
    const { state, actions } = elect(before, event);
    this.#state = state;
    for (const action of actions) this.#act(action, before);
    if (state.role !== before.role) this.#reportRole(before);
    const changed =
      state.role !== before.role || state.hub !== before.hub || state.term !== before.term;
    if (changed) this.#hooks.onChange();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTick();
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#deps.timers.after(TICK_MS, () => {
      if (this.#stopped || this.#state.role !== "discovering") return;
      this.dispatch({ kind: "tick", nowMs: this.#deps.clock.monotonicMs() });
      this.#scheduleTick();
    });
  }

  #act(action: ElectionAction, before: ElectionState): void {
    switch (action.kind) {
      case "save_term":
        void this.#saveTerm(action.term);
        break;
      case "lead":
        this.#hooks.onLead(action.predecessor);
        break;
      case "follow":
        // So that a claim after a restart is above it.
        void this.#keepTerm(this.#state.term);
        this.#hooks.onFollow(action.nodeId, before.hub);
        break;
      case "dial":
        this.#hooks.onDial(action.nodeId);
        break;
    }
  }

  async #saveTerm(term: ElectionState["term"]): Promise<void> {
    await this.#keepTerm(term);
    this.dispatch({ kind: "term_saved", nowMs: this.#deps.clock.monotonicMs(), term });
  }

  async #keepTerm(term: ElectionState["term"]): Promise<void> {
    try {
      await this.#deps.termStore.save(term);
    } catch (error) {
      // Terms only order claims; a node with a full disk may still lead.
      this.#deps.log.warn("the term cannot be kept", { reason: messageOf(error) });
    }
  }

  #reportRole(before: ElectionState): void {
    const { role, hub, term } = this.#state;
    const { log, metrics } = this.#deps;
    for (const one of ["discovering", "hub", "worker"] as const) {
      metrics.set("tankd_role", one === role ? 1 : 0, { role: one });
    }
    metrics.set("tankd_term", term.counter);
    metrics.count("tankd_role_changes_total", { role });
    const fields = { role, hub: hub ?? null, term: term.counter };
    if (role !== "discovering" && !this.#isDecided) {
      this.#isDecided = true;
      log.info("role decided", fields);
      this.#resolveDecided();
    } else {
      log.info("role changed", { ...fields, from: before.role });
    }
  }
}

function candidateOf({ identity, settings }: ClusterDeps): Candidate {
  return {
    nodeId: identity.nodeId,
    priority: settings.role === "hub" ? HUB_ROLE_PRIORITY : settings.priority,
    mayClaim: settings.role !== "worker",
  };
}
