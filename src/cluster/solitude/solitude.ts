import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address, BackendStatus, Cause } from "../../discovery/backend.ts";
import { linkWords } from "../../discovery/link-words.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ForeignClusters } from "../handshake/foreign-clusters.ts";
import type { DialFailure } from "../handshake/meeting.ts";
import type { Nominations } from "../handshake/nominations.ts";
import type { Peer } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Registry } from "../registry/registry.ts";
import { type Entry, isListedMember } from "../registry/registry-entry.ts";
import { causesOf, type Unreached } from "./causes.ts";

export interface SolitudeDeps {
  readonly deps: Pick<ClusterDeps, "identity" | "settings" | "clock" | "log">;
  readonly registry: Registry;
  readonly table: PeerTable;
  readonly foreign: ForeignClusters;
  readonly nominations: Pick<Nominations, "emptyPlaces">;
  readonly backends: () => readonly BackendStatus[];
  readonly isMember: (nodeId: string) => boolean;
  /** Whether it has left its cluster, or stops: then it is alone on purpose. */
  readonly isLeaving: () => boolean;
}

/** The state of a node that has been alone for a while. */
export interface SolitudeReport {
  readonly seconds: number;
  readonly causes: readonly Cause[];
}

/** Other nodes are usually found in a fraction of this time. */
const ALONE_AFTER_MS = 10_000;
/** Interval of log messages about changed causes: a weak Wi-Fi comes and goes. */
const SAY_AGAIN_MS = 60_000;
/** Backends repeat present nodes at least this often. */
const SIGHTING_FRESH_MS = 120_000;

/** Detects that this node is alone, and reports possible causes. */
export class Solitude {
  readonly #with: SolitudeDeps;
  #sinceMs: number | undefined;
  /** The codes of the causes that were logged last. */
  #said: { readonly codes: string; readonly atMs: number } | undefined;

  constructor(withDeps: SolitudeDeps) {
    this.#with = withDeps;
  }

  /** Call periodically. */
  check(): void {
    const nowMs = this.#with.deps.clock.monotonicMs();
    if (this.#hasCompany()) {
      this.#sinceMs = undefined;
      this.#said = undefined;
      return;
    }
    this.#sinceMs ??= nowMs;
    const mayBeSaid = this.#said === undefined || nowMs - this.#said.atMs >= SAY_AGAIN_MS;
    const report = mayBeSaid ? this.report() : undefined;
    if (report) this.#say(report, nowMs);
  }

  /** Undefined while there is another node, and in the first seconds without. */
  report(): SolitudeReport | undefined {
    const { deps, backends, foreign, registry } = this.#with;
    if (this.#sinceMs === undefined || this.#hasCompany()) return undefined;
    const aloneMs = deps.clock.monotonicMs() - this.#sinceMs;
    if (aloneMs < ALONE_AFTER_MS) return undefined;
    const causes = causesOf({
      cluster: deps.settings.cluster,
      backends: backends(),
      foreign: foreign.list(),
      unreached: this.#unreached(),
      strangers: registry.entries().filter((one) => this.#isThere(one) && this.#isStranger(one))
        .length,
    });
    return { seconds: Math.floor(aloneMs / 1000), causes };
  }

  #say({ seconds, causes }: SolitudeReport, atMs: number): void {
    const codes = causes.map(({ code }) => code).join(" ");
    const isSaid = this.#said?.codes === codes;
    this.#said = { codes, atMs };
    if (isSaid) return;
    const links = this.#with
      .backends()
      .flatMap(({ name, links: of = [] }) =>
        of.map((link) => `${name} on ${link.name}: ${linkWords(link)}`),
      );
    const fields = {
      seconds,
      ...(links.length > 0 ? { traffic: links.join("; ") } : {}),
      because: causes.map(({ what }) => what).join("; "),
      mend: causes.flatMap(({ mend }) => mend ?? []).join("; "),
    };
    const isFault = causes.some(({ fault }) => fault);
    if (isFault) this.#with.deps.log.warn("no other node is found", fields);
    else this.#with.deps.log.info("no other node is found", fields);
  }

  #hasCompany(): boolean {
    const { isLeaving, registry } = this.#with;
    if (isLeaving()) return true;
    return registry.entries().some((one) => this.#isThere(one) && !this.#isStranger(one));
  }

  /** Another one, and not offline. */
  #isThere({ key, status }: Entry): boolean {
    return key !== this.#with.deps.identity.nodeId && status !== "offline";
  }

  #isStranger(entry: Entry): boolean {
    return entry.record.signed && !isListedMember(entry, this.#with.isMember);
  }

  /** Known nodes, and addresses of unknown nodes. */
  #unreached(): readonly Unreached[] {
    const { nominations, table } = this.#with;
    const places = nominations
      .emptyPlaces()
      .flatMap(({ addresses: [address], failure }) =>
        address === undefined ? [] : [unreached(address, failure, true)],
      );
    return [...places, ...[...table.all()].flatMap((peer) => this.#unreachedPeer(peer))];
  }

  #unreachedPeer({ addresses, sighting, dialled, registration }: Peer): readonly Unreached[] {
    const nowMs = this.#with.deps.clock.monotonicMs();
    const [address] = addresses;
    const isSeen = sighting !== undefined && nowMs - sighting.atMs < SIGHTING_FRESH_MS;
    if (address === undefined || dialled?.outcome !== "failed") return [];
    if (!isSeen && registration === undefined) return [];
    return [unreached(address, dialled.failure ?? NO_ANSWER, isSeen)];
  }
}

type Failure = Pick<DialFailure, "reason" | "isSilent">;

const NO_ANSWER: Failure = { reason: "no answer", isSilent: true };

function unreached(address: Address, { reason, isSilent }: Failure, isSeen: boolean): Unreached {
  return { isSeen, at: formatHostPort(address), port: address.port, reason, isSilent };
}
