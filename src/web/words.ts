/** Formats figures for the page. */

/** `3 s ago`; a time in the future, due to differing clocks, is now. */
export function ago(thenMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - thenMs) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export function milliseconds(value: number | null): string {
  if (value === null) return "–";
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}

/** The ends of a long id, where ids mostly differ. */
export function shortId(id: string): string {
  return id.length <= 14 ? id : `${id.slice(0, 5)}…${id.slice(-6)}`;
}

/** A fish, named by the beginning of its tank's key and its number there. */
export function fishLabel(fishId: string): string {
  const [key = "", counter = ""] = fishId.split("-");
  return `${key.slice(0, 4)}…-${counter}`;
}

/** The parts of a server that its name is made of. */
export interface Named {
  readonly server_id: string;
  readonly node_id: string | null;
  readonly hostname: string;
}

/** Enough of a node's id to distinguish those of one machine. */
const NODE_ID_CHARACTERS = 6;

/** A display name of a server: its label, or else its host name with the beginning of its id. */
export function serverLabel({ server_id, node_id, hostname }: Named): string {
  if (server_id !== node_id || hostname === "") return server_id;
  return `${hostname} · ${node_id.slice(0, NODE_ID_CHARACTERS)}`;
}

/** Host and port as in a URL (RFC 3986 §3.2.2). */
export function address(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
