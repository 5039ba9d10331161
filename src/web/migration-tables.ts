import type { Connection, Overview, Transfer } from "./answers.ts";
import { badge, type Child, element, table, titled } from "./dom.ts";
import { ago, fishLabel } from "./words.ts";

/** The label of a tank or a server. */
export type NameOf = (id: string) => string;

const ARROWS = { left: "←", right: "→", both: "↔" } as const;

/** The connections from this node's tanks. */
export function connectionTable(
  { connections, local }: Overview,
  nameOf: NameOf,
  labelOf: NameOf,
): HTMLElement {
  return table<Connection>(
    [
      { title: "From", cell: (one) => nameOf(one.source_tank_id) },
      { title: "Wall", kind: "word", cell: ({ direction }) => `${ARROWS[direction]} ${direction}` },
      {
        title: "To",
        cell: ({ destinations: all }) => all.map((one) => nameOf(one.tank_id)).join(", "),
      },
      {
        title: "On",
        cell: ({ destinations: all }) => {
          const ids = [...new Set(all.map((one) => one.server_id))];
          return titled(ids.map(labelOf).join(", "), ids.join(", "));
        },
      },
      { title: "Chance", kind: "number", cell: chanceOf },
      { title: "Who", kind: "word", cell: selectionOf },
      { title: "State", kind: "word", cell: healthOf },
      { title: "Arrived", kind: "number", cell: arrivalsOf },
      {
        title: "Made",
        kind: "number",
        cell: ({ origin, topology }) => element("span", { class: "quiet" }, topology ?? origin),
      },
    ],
    connections,
    NO_CONNECTIONS[local.auto_connection ?? "on"],
  );
}

const NO_CONNECTIONS = {
  on: "No connections. One is created automatically while another node is online.",
  off: "No connections, and none comes by itself: auto_connect is off.",
  removed: "No connections. The automatic one was removed by hand and does not come back.",
} as const;

function chanceOf({ probability, status, rate }: Connection): string | HTMLElement {
  if (probability === 0 || status === "paused") return "paused";
  const chance = `${probability} %`;
  return rate === null ? chance : titled(chance, `at most ${rate} a minute`);
}

function selectionOf({ selection, count, mode, replacement }: Connection): string | HTMLElement {
  const who = count === 1 ? selection : `${count} × ${selection}`;
  const shown = mode === "copy" ? `copies of ${who}` : who;
  return replacement === "fair" ? titled(shown, "better ones take places in a full tank") : shown;
}

/** Of the destinations with which something is wrong the first, else the first. */
function healthOf({ destinations }: Connection): HTMLElement | string {
  const one = destinations.find(({ health }) => health !== "ok") ?? destinations[0];
  if (!one) return "";
  return one.health_reason === null ? one.health : titled(one.health, one.health_reason);
}

/** Of the fish that left since the tanks were connected. */
function arrivalsOf({ destinations }: Connection): HTMLElement {
  const sum = (key: "sent" | "delivered" | "returned") =>
    destinations.reduce((total, one) => total + one[key], 0);
  const [sent, delivered, returned] = [sum("sent"), sum("delivered"), sum("returned")];
  const words = `${sent} sent, ${delivered} arrived, ${returned} came back`;
  return titled(`${delivered}/${sent}`, words);
}

/** Transfers in both directions. */
export function transferTable(
  transfers: readonly Transfer[],
  nameOf: NameOf,
  nowMs: number,
): HTMLElement {
  return table<Transfer>(
    [
      { title: "When", kind: "word", cell: ({ updated_at }) => ago(Date.parse(updated_at), nowMs) },
      { title: "Fish", cell: ({ entity_id }) => fishName(entity_id) },
      { title: "From", cell: (one) => nameOf(one.source_tank_id) },
      { title: "To", cell: (one) => nameOf(one.destination_tank_id) },
      { title: "State", kind: "word", cell: transferState },
    ],
    transfers,
    "No fish has migrated yet.",
  );
}

function fishName(entityId: string | null): Child {
  return entityId === null ? "–" : element("span", { title: entityId }, fishLabel(entityId));
}

function transferState({ state, direction, reason }: Transfer): HTMLElement {
  const shown = badge(state);
  shown.title = [direction === "in" ? "incoming" : "outgoing", reason].filter(Boolean).join(": ");
  return shown;
}
