import type { Identity } from "../../src/cluster/identity/identity.ts";
import type { PeerRoute } from "../../src/cluster/peer-route.ts";
import { certify } from "../../src/migration/moves/certificate.ts";
import {
  OUTCOME_PATH,
  outcomeReplySchema,
  outcomeSchema,
} from "../../src/migration/moves/protocol.ts";
import type { Journal, JournalWrite } from "../../src/store/journal.ts";
import type { MoveRow } from "../../src/store/rows.ts";
import { withCommit } from "../../src/store/with-commit.ts";
import type { Sabotage } from "./sabotage.ts";

/** Each breaks one promise of a move. If the simulator does not notice, it is at fault. */
export const MOVE_SABOTAGE = {
  /** An owner gives its certificate before its point of no return. */
  early_certificate: { routes: certifiesEarly },
  /** A former owner does not remember that it was one, and decides from memory. */
  forgets_owner: { journal: dropping((write) => isPut(write, "moved_tank")) },
  /** The tank stays where it was, too. */
  keeps_tank: {
    journal: dropping((write, { moved }) =>
      moved.some((tankId) => "remove" in write && isRemovalOf(write, tankId)),
    ),
  },
  /** What the tank has decided does not travel with it. */
  inbox_stays: {
    journal: dropping(
      (write, { arrived }) =>
        isPut(write, "inbox") && arrived.includes(write.row.destination_tank_id),
    ),
  },
  /** Nor what has left it. */
  outbox_stays: {
    journal: dropping(
      (write, { arrived }) => isPut(write, "outbox") && arrived.includes(write.row.source_tank_id),
    ),
  },
} as const satisfies Record<string, Sabotage>;

export type MoveSabotageName = keyof typeof MOVE_SABOTAGE;

/** Tanks that change their owner by the same commit. */
interface Changes {
  readonly moved: readonly string[];
  readonly arrived: readonly string[];
}

type Put<Kind> = Extract<JournalWrite, { put: Kind }>;

function isPut<Kind extends Extract<JournalWrite, { put: string }>["put"]>(
  write: JournalWrite,
  kind: Kind,
): write is Put<Kind> {
  return "put" in write && write.put === kind;
}

function isRemovalOf(write: Extract<JournalWrite, { remove: string }>, tankId: string): boolean {
  return write.remove === "tank" && write.tank_id === tankId;
}

/** A journal that drops some of the writes of each commit. */
function dropping(isDropped: (write: JournalWrite, changes: Changes) => boolean) {
  return (journal: Journal): Journal =>
    withCommit(journal, (writes) => {
      const rows = writes.flatMap((write) => (isPut(write, "move") ? write.row : []));
      const changes = { moved: tanksIn(rows, "moved"), arrived: tanksIn(rows, "activated") };
      return journal.commit(writes.filter((write) => !isDropped(write, changes)));
    });
}

function tanksIn(rows: readonly MoveRow[], state: MoveRow["state"]): readonly string[] {
  return rows.filter((row) => row.state === state).map(({ tank_id }) => tank_id);
}

/** Answers whoever holds a sealed tank that it is theirs. */
function certifiesEarly(routes: readonly PeerRoute[], identity: Identity): readonly PeerRoute[] {
  return routes.map((route) => {
    if (route.path !== OUTCOME_PATH) return route;
    const handle: PeerRoute["handle"] = async (request) => {
      const reply = await route.handle(request);
      const { state } = outcomeReplySchema.parse(reply.body);
      if (state !== "sealed" || request.signer === undefined) return reply;
      const { move_id, tank_id } = outcomeSchema.parse(request.body);
      const certificate = certify(identity, { move_id, tank_id, to: request.signer, epoch: 2 });
      return { ...reply, body: { state: "moved", certificate } };
    };
    return { ...route, handle };
  });
}
