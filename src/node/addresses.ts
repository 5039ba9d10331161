import { type DnsName, readDnsName } from "../adapters/dns/name.ts";
import type { Address } from "../discovery/backend.ts";
import { API_PORT, readHostAndPort } from "../discovery/host-and-port.ts";
import { parseHubUrl } from "../discovery/hub/url.ts";

/** Whether the text names a hub, like `http://192.168.1.10:8000`. */
export function isHubUrl(text: string): boolean {
  try {
    parseHubUrl(text);
    return true;
  } catch {
    return false;
  }
}

/** Parses addresses in settings; the default port is that of nodes. */
export function readAddresses(texts: readonly string[], usualPort = API_PORT): readonly Address[] {
  return texts.flatMap((text) => {
    const { host, port = usualPort } = readHostAndPort(text) ?? {};
    return host === undefined ? [] : [{ host, port }];
  });
}

/** Parses names for DNS discovery in settings. */
export function readDnsNames(texts: readonly string[]): readonly DnsName[] {
  return texts.flatMap((text) => readDnsName(text) ?? []);
}
