import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address, BackendStatus } from "../../discovery/backend.ts";
import { isIpLiteral } from "../../platform/ip-literal.ts";
import { secretDifference } from "../admission/secret-difference.ts";
import type { ClusterDeps } from "../deps.ts";
import { failureWords } from "./explain-places.ts";
import type { DialResult } from "./meeting.ts";

/** `stranger`: a node with another secret has answered. */
type Outcome = DialResult["kind"] | "stranger";

interface GivenHub {
  readonly address: Address;
  /** Joined while the node runs, not given by the settings. */
  readonly isJoined: boolean;
  /** Undefined before the first attempt has ended. */
  outcome: Outcome | undefined;
  /** Something has answered the last attempt, even if only to refuse it. */
  hasAnswered: boolean;
  /** Its state in words; follows its URL. */
  words: string;
  /** How to fix that; undefined if nothing needs to be done. */
  mend: string | undefined;
  warnedMs: number;
  /** Nodes that have answered there, with the time of their last answer. */
  readonly answered: Map<string, number>;
  /** This node itself has answered there. */
  isOwn: boolean;
}

/** Interval of repeated warnings about an absent hub, so that they are in the current log. */
const REMIND_MS = 3_600_000;
/** Two nodes that answer at one URL within this time are a pool; after it, the hub was rebuilt. */
const POOL_MS = 10 * 60_000;
/** Nodes remembered per URL: two make a pool. */
const ANSWERED_MAX = 4;
/** The status if there are only joined hubs, and thus no backend: this node itself dials them. */
const HUB_RUNS: BackendStatus = { name: "hub", state: "running", detail: "", nominations: 0 };

/** The hubs that this node was given by URL: which of them answer, and why the others do not. */
export class GivenHubs {
  readonly #deps: Pick<ClusterDeps, "clock" | "log" | "settings">;
  readonly #hubs = new Map<string, GivenHub>();

  constructor(deps: Pick<ClusterDeps, "clock" | "log" | "settings">) {
    this.#deps = deps;
    for (const address of deps.settings.hubs) this.#add(address, false);
  }

  /** The operator has given a hub while the node runs. */
  join(address: Address): void {
    this.#add(address, true);
  }

  /** Removes a joined hub; hubs of the settings stay. */
  unjoin(address: Address): void {
    const key = formatHostPort(address);
    if (this.#hubs.get(key)?.isJoined) this.#hubs.delete(key);
  }

  unjoinAll(): void {
    for (const { address } of [...this.#hubs.values()]) this.unjoin(address);
  }

  #add(address: Address, isJoined: boolean): void {
    const key = formatHostPort(address);
    if (this.#hubs.has(key)) return;
    this.#hubs.set(key, {
      address,
      isJoined,
      outcome: undefined,
      hasAnswered: false,
      words: "is being asked",
      mend: undefined,
      warnedMs: 0,
      answered: new Map(),
      isOwn: false,
    });
  }

  addresses(): readonly Address[] {
    return [...this.#hubs.values()].map(({ address }) => address);
  }

  has(address: Address): boolean {
    return this.#hubs.has(formatHostPort(address));
  }

  /** A node's key has answered at this address. */
  answered(address: Address, nodeId: string): void {
    const hub = this.#hubs.get(formatHostPort(address));
    if (!hub) return;
    hub.answered.delete(nodeId);
    hub.answered.set(nodeId, this.#deps.clock.monotonicMs());
    const oldest = hub.answered.keys().next().value;
    if (hub.answered.size > ANSWERED_MAX && oldest !== undefined) hub.answered.delete(oldest);
  }

  noteOwn(address: Address): void {
    const hub = this.#hubs.get(formatHostPort(address));
    if (hub) hub.isOwn = true;
  }

  /** Whether this node was found at one of the URLs. */
  includes(nodeId: string): boolean {
    return [...this.#hubs.values()].some(({ answered }) => answered.has(nodeId));
  }

  /**
   * Whether this node gives way to that one: a given URL must stand for it alone. If several nodes
   * answer at a URL, or this node itself, the URL names a pool, and in a pool no node gives way:
   * three nodes behind one name would each wait for the next.
   */
  defersTo(nodeId: string): boolean {
    return [...this.#hubs.values()].some((hub) => this.#meant(hub) === nodeId);
  }

  /**
   * Whether no URL has led to a node yet and one may still do so, because nothing has answered
   * there.
   */
  isAwaited(): boolean {
    const hubs = [...this.#hubs.values()];
    const isVain = hubs.every(({ isOwn, answered }) => !isOwn && answered.size === 0);
    return isVain && hubs.some(({ hasAnswered }) => !hasAnswered);
  }

  /**
   * The result of an attempt. It is logged as a warning when it is new, and at intervals while it
   * lasts.
   */
  note(address: Address, result: DialResult): void {
    const hub = this.#hubs.get(formatHostPort(address));
    if (!hub) return;
    const { clock, log } = this.#deps;
    const nowMs = clock.monotonicMs();
    const difference =
      result.kind === "met"
        ? secretDifference(this.#deps.settings.secret, result.meeting.document)
        : undefined;
    const outcome = difference === undefined ? result.kind : "stranger";
    const changed = hub.outcome !== outcome;
    const wasAway = hub.outcome === "failed" || hub.outcome === "foreign";
    hub.outcome = outcome;
    hub.hasAnswered = !(result.kind === "failed" && result.isSilent);
    hub.words = difference ?? wordsFor(result);
    hub.mend = difference === undefined ? mendFor(result, address) : SECRET_MEND;
    if (outcome === "met" || outcome === "self") {
      if (wasAway) log.info("a hub answers again", { address: formatHostPort(address) });
      return;
    }
    const event = difference === undefined ? "a hub does not answer" : "a hub has another secret";
    const reason = difference ?? reasonOf(result);
    const fields = { address: formatHostPort(address), reason };
    if (!changed && nowMs - hub.warnedMs < REMIND_MS) {
      log.debug(event, fields);
      return;
    }
    hub.warnedMs = nowMs;
    log.warn(event, fields);
  }

  /**
   * The statuses of all backends. That of `hub` includes the state of the URLs. It is present
   * whenever there are URLs: one may have been joined without any in the settings.
   */
  explain(statuses: readonly BackendStatus[]): readonly BackendStatus[] {
    const isThere = statuses.some(({ name }) => name === "hub");
    const all = isThere || this.#hubs.size === 0 ? statuses : [...statuses, HUB_RUNS];
    return all.map((status) => this.#explainOne(status));
  }

  #explainOne(status: BackendStatus): BackendStatus {
    if (status.name !== "hub" || status.state !== "running") return status;
    const hubs = [...this.#hubs.values()];
    // Without a secret of its own this node follows a stranger.
    const isGuarded = this.#deps.settings.secret !== undefined;
    const isFailed = ({ outcome }: GivenHub) =>
      outcome === "failed" || outcome === "foreign" || (isGuarded && outcome === "stranger");
    const detail = hubs.map((hub) => `http://${formatHostPort(hub.address)} ${hub.words}`);
    const state = hubs.length > 0 && hubs.every(isFailed) ? "failed" : "running";
    const [mend] = hubs.flatMap((hub) => hub.mend ?? []);
    return { ...status, state, detail: detail.join("; "), ...(mend ? { mend } : {}) };
  }

  #meant({ answered, isOwn }: GivenHub): string | undefined {
    if (isOwn) return undefined;
    const sinceMs = this.#deps.clock.monotonicMs() - POOL_MS;
    const [one, ...others] = [...answered].filter(([, atMs]) => atMs >= sinceMs);
    const last = [...answered.keys()].at(-1);
    return others.length > 0 ? undefined : (one?.[0] ?? last);
  }
}

function wordsFor(result: DialResult): string {
  switch (result.kind) {
    case "met":
      return "answers";
    case "self":
      return "is this node";
    case "foreign":
      return reasonOf(result);
    case "failed":
      return failureWords(result);
  }
}

const SECRET_MEND = "give all nodes the same --secret-file";

function mendFor(result: DialResult, address: Address): string | undefined {
  if (result.kind === "foreign") return "start both with the same --cluster, or give another --hub";
  if (result.kind !== "failed") return undefined;
  const { host } = address;
  const look = `try: curl http://${formatHostPort(address)}/health`;
  if (!result.isSilent) {
    const named = isIpLiteral(host) ? "" : ` and getent hosts ${host}`;
    return `${look}${named}; give the URL of a tankd, by a name that it allows (--allow-host)`;
  }
  return `${look}; check that tankd runs there, and open TCP port ${address.port}`;
}

function reasonOf(result: DialResult): string {
  if (result.kind === "foreign") return `belongs to the cluster "${result.cluster}"`;
  return result.kind === "failed" ? result.reason : "";
}
