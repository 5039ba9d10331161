import { isIpLiteral, isPlainIpv4 } from "../platform/ip-literal.ts";
import { plainHost } from "./addresses.ts";

/** A network of IPv4 or IPv6 addresses (RFC 4632, RFC 4291 §2.3). */
export interface Cidr {
  readonly bytes: readonly number[];
  readonly prefixLength: number;
}

/** Parses `10.0.0.0/8` or `fd00::/8`; a plain address is a network of one. */
export function readCidr(text: string): Cidr | undefined {
  const [, address = "", prefix] = /^([^/]+?)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bytes = bytesOf(address);
  if (bytes === undefined) return undefined;
  const bits = 8 * bytes.length;
  const prefixLength = prefix === undefined ? bits : Number(prefix);
  return prefixLength > bits ? undefined : { bytes, prefixLength };
}

/** Whether an address lies in a network. IPv4 inside IPv6 is treated as the IPv4 address. */
export function isInCidr(address: string, { bytes: network, prefixLength }: Cidr): boolean {
  const bytes = bytesOf(address);
  if (bytes === undefined || bytes.length !== network.length) return false;
  return bytes.every((byte, at) => {
    const bits = Math.min(8, Math.max(0, prefixLength - 8 * at));
    return (byte ^ (network[at] ?? 0)) >> (8 - bits) === 0;
  });
}

function bytesOf(address: string): readonly number[] | undefined {
  if (!isPlainIpv4(address) && !(address.includes(":") && isIpLiteral(address))) return undefined;
  const plain = plainHost(address);
  if (plain === undefined) return undefined;
  if (isPlainIpv4(plain)) return plain.split(".").map(Number);
  const [head = "", tail] = plain.split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const zeros = Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 255]);
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}
