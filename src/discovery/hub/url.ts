import { Problem } from "../../platform/errors.ts";
import { isPlainIpv4, splitZone } from "../../platform/ip-literal.ts";
import { formatHostPort } from "../addresses.ts";
import type { Address } from "../backend.ts";
import { API_PORT, FINAL_DOT, readHostAndPort } from "../host-and-port.ts";

const HTTP_PORT = 80;

/** The form of a hub's URL, for people; completes "give …". */
export const HUB_URL_FORM =
  "a URL like http://192.168.1.10:8000 (http without a path; " +
  "nodes sign their messages and do not use https)";

/**
 * The address in a hub's URL, `http://HOST[:PORT]`, where IPv6 may have a zone. A final dot of the
 * name is removed, since it would make a different name in Host headers. `HOST[:PORT]` without a
 * scheme is accepted too, with the default port of nodes if it has none.
 * @throws Problem `bad_setting` for anything else; a hub's URL has no path, query or credentials.
 */
export function parseHubUrl(text: string): Address {
  const trimmed = text.trim();
  const address = hasScheme(trimmed)
    ? addressOf(trimmed, HTTP_PORT)
    : addressOf(`http://${bracketed(trimmed)}`, API_PORT);
  if (address) return address;
  throw new Problem("bad_setting", `"${text}" is not a hub's URL; give ${HUB_URL_FORM}.`);
}

/** The addresses of a list of URLs, in order. */
export function parseHubUrls(texts: readonly string[]): readonly Address[] {
  return texts.map(parseHubUrl);
}

/**
 * The URL as it was written, and of `HOST[:PORT]` the URL that it stands for.
 * @throws Problem `bad_setting`
 */
export function completeHubUrl(text: string): string {
  const address = parseHubUrl(text);
  return hasScheme(text) ? text : `http://${formatHostPort(address)}`;
}

/** Whether it is written as a URL, of whatever kind. */
export function hasScheme(text: string): boolean {
  return text.includes("://");
}

/** A bare IPv6 address has no brackets. */
function bracketed(place: string): string {
  return /^[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*(%[\w.-]+)?$/i.test(place) ? `[${place}]` : place;
}

function addressOf(text: string, usualPort: number): Address | undefined {
  const { url: zoneless, zone } = splitZone(text);
  const url = URL.parse(zoneless);
  if (!url || url.username || url.password || url.search || url.hash) return undefined;
  if (url.protocol !== "http:" || url.pathname !== "/") return undefined;
  // `http://8000` has no host, and would be 0.0.31.64.
  if (isPlainIpv4(url.hostname) && !zoneless.includes(url.hostname)) return undefined;
  const place = readHostAndPort(url.host.replace(FINAL_DOT, ""));
  if (place === undefined) return undefined;
  const host = zone === undefined ? place.host : `${place.host}%${zone}`;
  // The URL standard leaves the port of the scheme out.
  const isHttpPort = /:80\/?$/.test(zoneless);
  return { host, port: place.port ?? (isHttpPort ? HTTP_PORT : usualPort) };
}
