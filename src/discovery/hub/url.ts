import { Problem } from "../../platform/errors.ts";
import { splitZone } from "../../platform/ip-literal.ts";
import type { Address } from "../backend.ts";
import { FINAL_DOT, readHostAndPort } from "../host-and-port.ts";

const HTTP_PORT = 80;

/** The form of a hub's URL, for people; completes "give …". */
export const HUB_URL_FORM =
  "a URL like http://192.168.1.10:8000 (http without a path; " +
  "nodes sign their messages and do not use https)";

/**
 * The address in a hub's URL, `http://HOST[:PORT]`, where IPv6 may have a zone. A final dot of the
 * name is removed, since it would make a different name in Host headers.
 * @throws Problem `bad_setting` for anything else; a hub's URL has no path, query or credentials.
 */
export function parseHubUrl(text: string): Address {
  const { url: zoneless, zone } = splitZone(text.trim());
  const url = URL.parse(zoneless);
  const plain = url && !url.username && !url.password && !url.search && !url.hash;
  const { host, port = HTTP_PORT } = readHostAndPort(url?.host.replace(FINAL_DOT, "") ?? "") ?? {};
  if (!plain || url.protocol !== "http:" || url.pathname !== "/" || host === undefined) {
    throw new Problem("bad_setting", `"${text}" is not a hub's URL; give ${HUB_URL_FORM}.`);
  }
  const zoned = zone === undefined ? host : `${host}%${zone}`;
  return { host: zoned, port };
}

/** The addresses of a list of URLs, in order. */
export function parseHubUrls(texts: readonly string[]): readonly Address[] {
  return texts.map(parseHubUrl);
}
