import { BlockList, isIP } from "node:net";
import { isLinkLocal } from "../../../discovery/addresses.ts";
import type { InterfaceAddress } from "../../../platform/machine.ts";

/**
 * Whether a host is in a network of this machine, so that no router is in between. False for a
 * name.
 */
export function isNear(interfaces: readonly InterfaceAddress[], host: string): boolean {
  const [plain = ""] = host.split("%", 1);
  const family = isIP(plain);
  if (family === 0) return false;
  if (isLinkLocal(plain)) return interfaces.some(({ address }) => isLinkLocal(address));
  const type = family === 4 ? "ipv4" : "ipv6";
  const networks = new BlockList();
  for (const { address, prefixLength, internal, ...one } of interfaces) {
    if (internal || prefixLength === undefined || one.family.toLowerCase() !== type) continue;
    networks.addSubnet(address, prefixLength, type);
  }
  return networks.check(plain, type);
}
