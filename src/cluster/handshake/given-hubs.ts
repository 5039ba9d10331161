import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address, BackendStatus } from "../../discovery/backend.ts";
import type { ClusterDeps } from "../deps.ts";
import type { DialResult } from "./handshake.ts";

type Outcome = DialResult["kind"];

interface GivenHub {
  readonly url: string;
  /** Undefined before the first attempt has ended. */
  outcome: Outcome | undefined;
  /** What to say of it, after its URL. */
  words: string;
  warnedMs: number;
}

/** One that stays away is warned of again this often: who reads today's log should find it there. */
const REMIND_MS = 3_600_000;

/** The hubs that this node was given by URL: which of them answer, and why the others do not. */
export class GivenHubs {
  readonly #deps: Pick<ClusterDeps, "clock" | "log">;
  readonly #hubs = new Map<string, GivenHub>();
  /** Nodes that have answered at one of the URLs: we never outrank them. */
  readonly #nodes = new Map<string, string>();

  constructor(deps: Pick<ClusterDeps, "clock" | "log" | "settings">) {
    this.#deps = deps;
    for (const address of deps.settings.hubs) this.add(address);
  }

  add(address: Address): void {
    const key = formatHostPort(address);
    if (this.#hubs.has(key)) return;
    const words = "is being asked";
    this.#hubs.set(key, { url: `http://${key}`, outcome: undefined, words, warnedMs: 0 });
  }

  /** A node's key has answered at this address. The last one that did there is the one that was meant. */
  answered(address: Address, nodeId: string): void {
    const key = formatHostPort(address);
    if (this.#hubs.has(key)) this.#nodes.set(key, nodeId);
  }

  /** Whether this node was found at one of the URLs. */
  includes(nodeId: string): boolean {
    return [...this.#nodes.values()].includes(nodeId);
  }

  /** How an attempt has ended. Said aloud when that is news, and now and then while it lasts. */
  note(address: Address, result: DialResult): void {
    const hub = this.#hubs.get(formatHostPort(address));
    if (!hub) return;
    const { clock, log } = this.#deps;
    const nowMs = clock.monotonicMs();
    const changed = hub.outcome !== result.kind;
    const first = hub.outcome === undefined;
    hub.outcome = result.kind;
    hub.words = wordsFor(result);
    if (result.kind === "met" || result.kind === "self") {
      if (changed && !first) log.info("a hub answers again", { address: formatHostPort(address) });
      return;
    }
    const fields = { address: formatHostPort(address), reason: reasonOf(result) };
    if (!changed && nowMs - hub.warnedMs < REMIND_MS) {
      log.debug("a hub does not answer", fields);
      return;
    }
    hub.warnedMs = nowMs;
    log.warn("a hub does not answer", fields);
  }

  /** The status of the backend `hub` with what has become of its URLs; any other as it is. */
  explain(status: BackendStatus): BackendStatus {
    if (status.name !== "hub" || status.state !== "running") return status;
    const hubs = [...this.#hubs.values()];
    const failed = hubs.every(({ outcome }) => outcome === "failed" || outcome === "foreign");
    const detail = hubs.map(({ url, words }) => `${url} ${words}`).join("; ");
    return { ...status, state: failed ? "failed" : "running", detail };
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
      return `does not answer: ${reasonOf(result)}`;
  }
}

function reasonOf(result: DialResult): string {
  if (result.kind === "foreign") return `belongs to the cluster "${result.cluster}"`;
  return result.kind === "failed" ? result.reason : "";
}
