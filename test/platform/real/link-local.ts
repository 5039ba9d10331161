import { networkInterfaces } from "node:os";

/** An address of this machine that needs a zone, with that, where it has one. */
export function linkLocalAddress(): string | undefined {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const found = addresses?.find(({ address }) => address.startsWith("fe80:"));
    if (found) return `${found.address}%${name}`;
  }
  return undefined;
}
