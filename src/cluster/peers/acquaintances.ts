import type { Address } from "../../discovery/backend.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Meeting } from "../handshake/handshake.ts";
import type { HubHint } from "../wire.ts";

/** Attempts to reach a rival hub before it is left to discovery. */
const STRIKES_MAX = 5;

/** Pings come every 400 ms: round trips of the last 6 s, in which a changed route shows soon enough. */
const RTTS_KEPT = 16;

/** The last meeting with each node, bounded; the one met longest ago gives way. */
export class Acquaintances {
  readonly #meetings = new Map<string, Meeting>();
  /** Of each node the latest round trips. */
  readonly #rttsMs = new Map<string, readonly number[]>();
  readonly #strikes = new Map<string, number>();

  note(meeting: Meeting): void {
    const nodeId = meeting.document.node_id;
    this.#meetings.delete(nodeId);
    this.#meetings.set(nodeId, meeting);
    this.#strikes.delete(nodeId);
    if (meeting.rttMs !== undefined) this.noteRtt(nodeId, meeting.rttMs);
    const oldest = this.#meetings.keys().next().value;
    if (this.#meetings.size <= LIMITS.serversMax || oldest === undefined) return;
    this.#meetings.delete(oldest);
    this.#rttsMs.delete(oldest);
    this.#strikes.delete(oldest);
  }

  noteRtt(nodeId: string, rttMs: number): void {
    const latest = [...(this.#rttsMs.get(nodeId) ?? []), rttMs].slice(-RTTS_KEPT);
    this.#rttsMs.delete(nodeId);
    this.#rttsMs.set(nodeId, latest);
    const oldest = this.#rttsMs.keys().next().value;
    if (this.#rttsMs.size > LIMITS.serversMax && oldest !== undefined) this.#rttsMs.delete(oldest);
  }

  /** The least of the latest ones: what is more was waiting on a busy machine, not the way there. */
  rttMs(nodeId: string): number | undefined {
    const rttsMs = this.#rttsMs.get(nodeId);
    return rttsMs && Math.round(Math.min(...rttsMs) * 10) / 10;
  }

  meeting(nodeId: string): Meeting | undefined {
    return this.#meetings.get(nodeId);
  }

  addressesOf(nodeId: string): readonly Address[] {
    const meeting = this.#meetings.get(nodeId);
    return meeting ? addressesOfMeeting(meeting) : [];
  }

  /** It did not answer; after a few times it counts as a hub no more. */
  strike(nodeId: string): void {
    const strikes = (this.#strikes.get(nodeId) ?? 0) + 1;
    this.#strikes.set(nodeId, strikes);
    if (strikes >= STRIKES_MAX) this.forgetRole(nodeId);
  }

  /** It leads no more, or we know better now. */
  forgetRole(nodeId: string): void {
    this.#strikes.delete(nodeId);
    const meeting = this.#meetings.get(nodeId);
    if (!meeting) return;
    const standing = { ...meeting.document.standing, role: "discovering" as const, hub: null };
    this.#meetings.set(nodeId, { ...meeting, document: { ...meeting.document, standing } });
  }

  /** Those that claimed to be hub when we last met. */
  hubs(except: readonly (string | undefined)[]): readonly HubHint[] {
    return [...this.#meetings.values()]
      .filter(({ document }) => document.standing.role === "hub")
      .filter(({ document }) => !except.includes(document.node_id))
      .slice(-LIMITS.addressesPerServerMax)
      .map((meeting) => ({
        node_id: meeting.document.node_id,
        addresses: [...addressesOfMeeting(meeting)],
      }));
  }
}

function addressesOfMeeting({ address, document }: Meeting): readonly Address[] {
  const { addresses } = document;
  const known = address ? [address, ...addresses] : addresses;
  return known.slice(0, LIMITS.addressesPerServerMax);
}
