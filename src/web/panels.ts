import { isFine, noteWords } from "../audit/note-words.ts";
import { hasRights, whyWithoutRights } from "../cluster/rights.ts";
import type { DirectoryEntry, LocalServer, Overview, Server, Tank } from "./answers.ts";
import { badge, byId, type Child, element, link, table, titled } from "./dom.ts";
import type { Figure } from "./figures.ts";
import { connectionTable, type NameOf, transferTable } from "./migration-tables.ts";
import { solitudeLines } from "./solitude.ts";
import { address, milliseconds, serverLabel, shortId } from "./words.ts";

/** Renders everything except the tank itself. */
export function showPanels(overview: Overview, nowMs: number): void {
  const nameOf = tankNames(overview);
  const labelOf = serverLabels(overview);
  replace("node", ...nodeLine(overview, labelOf, nowMs));
  replace("servers", serverTable(overview.servers));
  showOutside(overview.outside);
  showSolitude(overview.local);
  replace("directory", directoryTable(overview.directory));
  replace("connections", connectionTable(overview, nameOf, labelOf));
  replace("transfers", transferTable(overview.transfers, nameOf, nowMs));
  replace("servers-count", overview.servers.length);
  replace("directory-count", overview.directory.length);
  replace("connections-count", overview.connections.length);
  document.title = `${serverLabel(overview.local)} · tankd`;
}

/** One button for each tank of this node. */
export function showTabs(
  tanks: readonly Tank[],
  nameOf: NameOf,
  selected: string | undefined,
  select: (tankId: string) => void,
): void {
  const buttons = tanks.map(({ tank, stopped_reason: reason }) => {
    const pressed = String(tank.tank_id === selected);
    const why = reason === null ? tank.status : `${tank.status}: ${reason}`;
    const title = `${tank.tank_id} (${why})`;
    const button = element(
      "button",
      { type: "button", "aria-pressed": pressed, title, class: tank.status },
      nameOf(tank.tank_id),
    );
    button.addEventListener("click", () => select(tank.tank_id));
    return button;
  });
  replace("tabs", ...buttons);
}

/** The figures below the tank. */
export function showFigures(figures: readonly Figure[]): void {
  const pairs = figures.map(({ name, value, detail }) =>
    element(
      "div",
      detail === undefined ? {} : { title: detail },
      element("dt", {}, name),
      element("dd", {}, value),
    ),
  );
  replace("figures", ...pairs);
}

/** A notice about the tank, if any. */
export function showNotice(text: string | undefined): void {
  const place = byId("notice");
  if (place.textContent !== (text ?? "")) place.textContent = text ?? "";
  place.hidden = text === undefined;
  place.className = text?.startsWith("Stopped") === true ? "notice stopped" : "notice paused";
}

/** Replaces content only if it differs, so that selection and focus survive. */
function replace(id: string, ...children: readonly Child[]): void {
  const place = byId(id);
  const next = element("div", {}, ...children);
  if (next.innerHTML !== place.innerHTML) place.replaceChildren(...next.childNodes);
}

/** What its last audit of its own tanks and pairs has found. */
function auditOf({ audit }: LocalServer, nowMs: number): Child[] {
  if (!audit) return [];
  const title = "Each fish of its tanks in exactly one place: tankd audit";
  const style = isFine(audit) ? {} : { class: "stopped" };
  return [element("span", { title, ...style }, `audit ${noteWords(audit, nowMs)}`)];
}

function nodeLine({ local }: Overview, labelOf: NameOf, nowMs: number): Child[] {
  const hub = element("span", {}, "hub ");
  if (local.role === "hub") hub.append("is this node");
  else if (local.hub === null) hub.append("not found yet");
  else hub.append(link(local.hub.api_url, labelOf(local.hub.server_id)));
  const relay = local.hub?.node_id === local.relay ? local.hub?.server_id : local.relay;
  const reached = relay ? [element("span", {}, `reached through ${labelOf(relay)}`)] : [];
  return [
    element("strong", { title: idsOf(local) }, serverLabel(local)),
    badge(local.role),
    element("span", {}, `cluster ${local.cluster}`),
    hub,
    ...reached,
    ...auditOf(local, nowMs),
    element("span", {}, `v${local.version}`),
  ];
}

/** Why no other server is listed. */
function showSolitude(local: LocalServer): void {
  const lines = solitudeLines(local);
  byId("alone").hidden = lines.length === 0;
  const items = lines.map(({ text, mend }) =>
    element("li", {}, text, ...(mend === null ? [] : [element("small", {}, mend)])),
  );
  replace("alone-why", ...items);
}

/** Servers that are listed and may do nothing: apart from the members. */
function showOutside(outside: readonly Server[]): void {
  byId("outside").hidden = outside.length === 0;
  if (outside.length > 0) replace("outside-servers", outsideTable(outside));
}

/** Without links: nobody has verified where they lead. */
function outsideTable(outside: readonly Server[]): HTMLElement {
  return table<Server>(
    [
      {
        title: "Server",
        cell: (server) => {
          const place = address(server.host, server.port);
          const name = titled(serverLabel(server), idsOf(server));
          return element("span", {}, name, element("small", { title: place }, place));
        },
      },
      { title: "Status", kind: "word", cell: ({ status }) => dot(status) },
      { title: "Why", kind: "word", cell: (server) => badge(whyWithoutRights(server)) },
    ],
    outside,
    "",
  );
}

function dot(status: Server["status"]): HTMLElement {
  return element("span", { class: `dot ${status}` }, status);
}

function serverTable(servers: readonly Server[]): HTMLElement {
  return table<Server>(
    [
      { title: "Server", cell: serverName },
      { title: "Status", kind: "word", cell: ({ status }) => dot(status) },
      { title: "Role", kind: "word", cell: ({ role }) => badge(role) },
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
  const label = serverLabel(server);
  const name = server.is_local ? element("strong", {}, label) : link(server.api_url, label);
  name.title = idsOf(server);
  const place = address(server.host, server.port);
  return element("span", {}, name, element("small", { title: place }, place));
}

/** The tooltip of a server's name. */
function idsOf(server: Server): string {
  const { server_id, node_id, is_local } = server;
  const ids = server_id === node_id || node_id === null ? server_id : `${server_id} (${node_id})`;
  if (is_local) return `${ids}, this node`;
  if (hasRights(server)) return ids;
  const why = server.signed ? "does not know the cluster's secret" : "does not sign its requests";
  return `${ids}: it ${why} and has no rights`;
}

function directoryTable(entries: readonly DirectoryEntry[]): HTMLElement {
  return table<DirectoryEntry>(
    [
      { title: "Tank", cell: tankLink },
      { title: "Server", cell: ({ server }) => titled(serverLabel(server), idsOf(server)) },
      {
        title: "Id",
        cell: ({ tank }) =>
          element("span", { class: "quiet", title: tank.tank_id }, shortId(tank.tank_id)),
      },
    ],
    entries,
    "No tank is known yet.",
  );
}

/** Any tank is watched through this node: this browser may not reach the one that hosts it. */
function tankLink({ tank, server }: DirectoryEntry): HTMLElement {
  const place = `#${encodeURIComponent(tank.tank_id)}`;
  return element("a", { href: place, title: tank.name }, tankLabel(tank, server));
}

/** The first tank of a server without a label is named after the server's id. */
function tankLabel({ name }: { readonly name: string }, server: Server): string {
  return name === server.node_id ? serverLabel(server) : name;
}

function serverLabels({ servers }: Overview): NameOf {
  const labels = new Map(servers.map((server) => [server.server_id, serverLabel(server)]));
  return (serverId) => labels.get(serverId) ?? serverId;
}

/** A display name for each tank. */
export function tankNames({ directory, tanks, local }: Overview): NameOf {
  const names = new Map<string, string>();
  for (const { tank } of tanks) names.set(tank.tank_id, tankLabel(tank, local));
  for (const { tank, server } of directory) {
    const label = tankLabel(tank, server);
    const host = serverLabel(server);
    const isNamedForIt = server.is_local || label === host;
    names.set(tank.tank_id, isNamedForIt ? label : `${label} on ${host}`);
  }
  return (tankId) => names.get(tankId) ?? shortId(tankId);
}
