import type { Connection, DirectoryEntry, Overview, Server, Tank, Transfer } from "./answers.ts";
import { badge, byId, type Child, element, link, table } from "./dom.ts";
import { address, ago, milliseconds, shortId } from "./words.ts";

const ARROWS = { left: "←", right: "→", both: "↔" } as const;

/** Fills everything but the tank itself. */
export function showPanels(overview: Overview, nowMs: number): void {
  const nameOf = tankNames(overview);
  replace("node", ...nodeLine(overview));
  replace("servers", serverTable(overview.servers));
  replace("directory", directoryTable(overview.directory));
  replace("connections", connectionTable(overview.connections, nameOf));
  replace("transfers", transferTable(overview.transfers, nameOf, nowMs));
  replace("servers-count", overview.servers.length);
  replace("directory-count", overview.directory.length);
  replace("connections-count", overview.connections.length);
  document.title = `${overview.local.server_id} · tankd`;
}

/** One button for each tank of this node. */
export function showTabs(
  tanks: readonly Tank[],
  selected: string | undefined,
  select: (tankId: string) => void,
): void {
  const buttons = tanks.map(({ tank }) => {
    const pressed = String(tank.tank_id === selected);
    const title = `${tank.tank_id} (${tank.status})`;
    const button = element("button", { type: "button", "aria-pressed": pressed, title }, tank.name);
    button.addEventListener("click", () => select(tank.tank_id));
    return button;
  });
  replace("tabs", ...buttons);
}

/** The figures under the tank. */
export function showFigures(figures: readonly (readonly [name: string, value: string])[]): void {
  const pairs = figures.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value)),
  );
  replace("figures", ...pairs);
}

/** Leaves what is there when it looks the same: a selection or a focus survives. */
function replace(id: string, ...children: readonly Child[]): void {
  const place = byId(id);
  const next = element("div", {}, ...children);
  if (next.innerHTML !== place.innerHTML) place.replaceChildren(...next.childNodes);
}

function nodeLine({ local }: Overview): Child[] {
  const hub = element("span", {}, "hub ");
  if (local.role === "hub") hub.append("is this node");
  else if (local.hub === null) hub.append("not found yet");
  else hub.append(link(local.hub.api_url, local.hub.server_id));
  return [
    element("strong", { title: local.node_id ?? "" }, local.server_id),
    badge(local.role),
    element("span", {}, `cluster ${local.cluster}`),
    hub,
    element("span", {}, `v${local.version}`),
  ];
}

function serverTable(servers: readonly Server[]): HTMLElement {
  return table<Server>(
    [
      { title: "Server", kind: "name", cell: serverName },
      {
        title: "Status",
        cell: ({ status }) => element("span", { class: `dot ${status}` }, status),
      },
      { title: "Role", cell: ({ role }) => badge(role) },
      { title: "Address", cell: ({ host, port }) => address(host, port) },
      { title: "Tanks", kind: "number", cell: ({ tank_count }) => tank_count },
      { title: "Fish", kind: "number", cell: ({ fish_count }) => fish_count },
      {
        title: "RTT",
        kind: "number",
        cell: ({ rtt_ms, is_local }) => (is_local ? "–" : milliseconds(rtt_ms)),
      },
    ],
    servers,
    "No server is known yet.",
  );
}

function serverName(server: Server): HTMLElement {
  if (server.is_local) return element("strong", { title: "This node" }, server.server_id);
  const name = link(server.api_url, server.server_id);
  name.title = server.signed
    ? (server.node_id ?? "")
    : "It does not sign its requests and has no rights";
  return name;
}

function directoryTable(entries: readonly DirectoryEntry[]): HTMLElement {
  return table<DirectoryEntry>(
    [
      { title: "Tank", kind: "name", cell: tankLink },
      { title: "Server", kind: "name", cell: ({ server }) => server.server_id },
      {
        title: "Id",
        cell: ({ tank }) => element("span", { class: "quiet" }, shortId(tank.tank_id)),
      },
    ],
    entries,
    "No tank is known yet.",
  );
}

/** A tank of another server is watched on that server's own page. */
function tankLink({ tank, server }: DirectoryEntry): HTMLElement {
  const place = `#${encodeURIComponent(tank.tank_id)}`;
  if (server.is_local) return element("a", { href: place }, tank.name);
  return link(`${server.api_url}/${place}`, tank.name);
}

type NameOf = (tankId: string) => string;

function tankNames({ directory, tanks }: Overview): NameOf {
  const names = new Map<string, string>();
  for (const { tank } of directory) names.set(tank.tank_id, tank.name);
  for (const { tank } of tanks) names.set(tank.tank_id, tank.name);
  return (tankId) => names.get(tankId) ?? shortId(tankId);
}

function connectionTable(connections: readonly Connection[], nameOf: NameOf): HTMLElement {
  return table<Connection>(
    [
      { title: "From", kind: "name", cell: (one) => nameOf(one.source_tank_id) },
      { title: "Wall", cell: ({ direction }) => `${ARROWS[direction]} ${direction}` },
      { title: "To", kind: "name", cell: (one) => nameOf(one.destination_tank_id) },
      { title: "On", kind: "name", cell: (one) => one.destination_server_id },
      { title: "Chance", kind: "number", cell: ({ probability }) => `${probability} %` },
      { title: "Made", cell: ({ origin }) => element("span", { class: "quiet" }, origin) },
    ],
    connections,
    "No connection. One makes itself when another node comes online.",
  );
}

function transferTable(transfers: readonly Transfer[], nameOf: NameOf, nowMs: number): HTMLElement {
  return table<Transfer>(
    [
      { title: "When", cell: ({ updated_at }) => ago(Date.parse(updated_at), nowMs) },
      { title: "Fish", cell: ({ entity_id }) => fishName(entity_id) },
      { title: "From", kind: "name", cell: (one) => nameOf(one.source_tank_id) },
      { title: "To", kind: "name", cell: (one) => nameOf(one.destination_tank_id) },
      { title: "State", cell: transferState },
    ],
    transfers,
    "No fish has travelled yet.",
  );
}

function fishName(entityId: string | null): Child {
  return entityId === null ? "–" : element("span", { title: entityId }, shortId(entityId));
}

function transferState({ state, direction, reason }: Transfer): HTMLElement {
  const shown = badge(state);
  shown.title = [direction === "in" ? "came here" : "left here", reason].filter(Boolean).join(": ");
  return shown;
}

export function tankFigures(tank: Tank, tick: number): readonly (readonly [string, string])[] {
  return [
    ["Fish", `${tank.fish_count} / ${tank.capacity}`],
    ["Food", String(tank.food_count)],
    ["Generation", String(tank.max_generation)],
    ["Diversity", `${Math.round(tank.diversity * 100)} %`],
    ["Tick", tick.toLocaleString("en")],
    [
      "Pace",
      tank.tank.status === "running" ? `${tank.ticks_per_second.toFixed(1)} /s` : tank.tank.status,
    ],
  ];
}
