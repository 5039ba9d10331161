import { Problem } from "../../platform/errors.ts";
import type { Address } from "../backend.ts";

const HTTP_PORT = 80;

/**
 * The address in a hub's URL, `http://HOST[:PORT]`.
 * @throws Problem `bad_setting` for anything else; a hub's URL has no path, query or credentials.
 */
export function parseHubUrl(text: string): Address {
  const url = URL.parse(text.trim());
  const plain = url && !url.username && !url.password && !url.search && !url.hash;
  if (!plain || url.protocol !== "http:" || url.pathname !== "/" || url.hostname === "") {
    throw new Problem(
      "bad_setting",
      `"${text}" is no hub URL; write it like http://192.168.1.10:8000.`,
    );
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: url.port === "" ? HTTP_PORT : Number(url.port) };
}

/** The addresses of a list of URLs, in order. */
export function parseHubUrls(texts: readonly string[]): readonly Address[] {
  return texts.map(parseHubUrl);
}
