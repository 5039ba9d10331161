import { isIP } from "node:net";
import type { HttpRequest } from "../../platform/network.ts";

/**
 * 100.64.0.0/10 and fd7a:115c:a1e0::/48: every address of a device, with Headscale as well
 * (https://tailscale.com/kb/1015/100.x-addresses, https://tailscale.com/kb/1121/ipv6).
 */
const TAILNET_ADDRESS = /^(100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|fd7a:115c:a1e0:)/i;

/**
 * The address of tailscaled itself in every tailnet. It stands for any device that connects through
 * tailscaled and cannot be identified: no device has this address, and it is not this machine.
 */
export const SERVICE_ADDRESS = "100.100.100.100";

/** Whether a host is an address that a device of a tailnet may have. */
export function isTailnetAddress(host: string): boolean {
  return isIP(host) !== 0 && TAILNET_ADDRESS.test(host) && host !== SERVICE_ADDRESS;
}

/** The host to which a request is connected, without brackets. */
export function hostOf({ origin, connectTo }: Pick<HttpRequest, "origin" | "connectTo">): string {
  return connectTo ?? URL.parse(origin)?.hostname.replace(/^\[(.*)\]$/, "$1") ?? "";
}
