import { membershipTag } from "../admission/membership-tag.ts";
import type { ClusterDeps } from "../deps.ts";
import type { GivenHubs } from "../handshake/given-hubs.ts";
import { encodeBase64Url, nodeIdOf } from "../identity/identity.ts";
import { isProven } from "../identity/proof.ts";
import { isDialable } from "../peers/peer.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { type CaseStatement, caseReplySchema } from "./hub-messages.ts";
import type { HubSeat } from "./hub-seat.ts";
import type { RoleKeeper } from "./role.ts";
import type { Witnesses } from "./witnesses.ts";

export interface CaseExchangeDeps {
  readonly deps: ClusterDeps;
  readonly client: PeerClient;
  readonly table: PeerTable;
  readonly role: RoleKeeper;
  readonly seat: HubSeat;
  readonly given: GivenHubs;
  readonly witnesses: Witnesses;
}

/** How a rival is asked, and this node's present verdict on its case. */
export interface CaseQuestion {
  /** The worker that passes the question on; undefined if the rival is dialled. */
  readonly via: string | undefined;
  readonly theirs: CaseStatement | undefined;
  readonly winner: string | null;
}

export const CASE_PATH = "/api/cluster/case";
const TIMEOUT_MS = 3_000;
const CHALLENGE_BYTES = 18;

/** Shows this hub's case to another hub and reads the case that it shows in return. */
export class CaseExchange {
  readonly #with: CaseExchangeDeps;

  constructor(withDeps: CaseExchangeDeps) {
    this.#with = withDeps;
  }

  /**
   * `resigned` if the rival no longer leads; undefined for an answer that does not prove that the
   * rival gave it. @throws NetworkError
   */
  async ask(
    rival: string,
    { via, theirs, winner }: CaseQuestion,
  ): Promise<CaseStatement | "resigned" | undefined> {
    const { client, deps, table } = this.#with;
    const challenge = encodeBase64Url(deps.random.bytes(CHALLENGE_BYTES));
    const body = { challenge, ...this.ownCase(rival, winner) };
    const options = { timeoutMs: TIMEOUT_MS };
    const answered = await client.send(via ?? rival, "POST", CASE_PATH, body, options);
    const reply = caseReplySchema.safeParse(answered.body).data;
    if (!reply || nodeIdOf(reply.public_key) !== rival) return undefined;
    if (!isProven(reply.public_key, rival, challenge, answered.body)) return undefined;
    // A copy of the start that has shown its case may answer at the dialled address.
    if (theirs !== undefined && reply.boot_id !== theirs.boot_id) return undefined;
    const startedMs = deps.clock.monotonicMs();
    if (via === undefined) table.update(rival, { dialled: { outcome: "ok", startedMs } });
    if (reply.leads) return reply;
    // The role in its hello no longer holds.
    const standing = table.get(rival)?.described?.document.standing;
    if (standing) table.noteStanding(rival, { ...standing, role: "discovering" }, startedMs);
    return "resigned";
  }

  /** `winner`: which of the two stays, as far as this node has judged. */
  ownCase(rival: string, winner: string | null): CaseStatement {
    const { deps, role, seat, given, witnesses, table } = this.#with;
    const { self } = role.state;
    return {
      boot_id: deps.bootId,
      priority: self.priority,
      may_claim: self.mayClaim,
      ...(deps.settings.secret && {
        member: membershipTag(deps.settings.secret, deps.identity.nodeId),
      }),
      defers: given.defersTo(rival),
      follows: [...seat.follows()],
      dials_you: isDialable(table.get(rival)) ?? null,
      witnesses: [...witnesses.against(rival)],
      winner,
    };
  }
}
