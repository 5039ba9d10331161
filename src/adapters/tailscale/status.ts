import { z } from "zod";
import { LIMITS } from "../../platform/limits.ts";
import { isTailnetAddress } from "./addresses.ts";

/** A machine of the tailnet other than this one. */
export interface Device {
  /** Constant for the lifetime of the device; opaque. */
  readonly id: string;
  /** Its name in MagicDNS in lower case, without a final dot; empty if it has none. */
  readonly name: string;
  /** Its addresses in the tailnet, IPv4 before IPv6. Not empty. */
  readonly addresses: readonly string[];
  /** `linux`, `macOS`, `windows`, `iOS`, …; empty if it is not reported. */
  readonly os: string;
  /** `tag:server`, … */
  readonly tags: readonly string[];
  /** Whether it is connected to the control server; delayed by seconds to hours. */
  readonly isOnline: boolean;
  /** When its key expires or has expired, milliseconds since 1970; undefined for never. */
  readonly expiresMs: number | undefined;
}

/** The result of an observation of the tailnet. */
export interface TailnetStatus {
  /** `Running`, `NeedsLogin`, `Stopped`, …: `ipn.State` of Tailscale. */
  readonly state: string;
  /** Name of the tailnet in MagicDNS, or of its owner; for people. */
  readonly name: string;
  /** The name of this machine in MagicDNS, like {@link Device}; empty if it has none. */
  readonly ownName: string;
  /** Of this machine; empty if it is not a device itself. */
  readonly addresses: readonly string[];
  /** When the key of this machine expires or has expired. */
  readonly expiresMs: number | undefined;
  /** Whether this machine is connected to the control server. */
  readonly isConnected: boolean;
  readonly devices: readonly Device[];
}

const NAME_CHARACTERS_MAX = 253;

const text = z.string().max(NAME_CHARACTERS_MAX).catch("");
const texts = z.array(z.string().max(NAME_CHARACTERS_MAX)).catch([]);
const flag = z.boolean().catch(false);
const time = z.iso.datetime({ offset: true }).optional().catch(undefined);

const deviceSchema = z.object({
  ID: text,
  DNSName: text,
  OS: text,
  TailscaleIPs: texts,
  Tags: texts,
  Online: flag,
  Expired: flag,
  /** A device that can reach this machine but cannot be reached: this machine is shared with it. */
  ShareeNode: flag,
  KeyExpiry: time,
});
type WireDevice = z.infer<typeof deviceSchema>;

const statusSchema = z.object({
  BackendState: z.string().min(1).max(64),
  TailscaleIPs: texts,
  Self: z
    .object({ DNSName: text, Online: flag, Expired: flag, KeyExpiry: time })
    .nullish()
    .catch(undefined),
  CurrentTailnet: z.object({ Name: text, MagicDNSSuffix: text }).nullish().catch(undefined),
  Peer: z.record(z.string(), z.unknown()).nullish().catch(undefined),
});

/**
 * `ipnstate.Status` of Tailscale, as in the LocalAPI and `tailscale status --json`. Malformed parts
 * are left out; undefined for anything that is not a status.
 */
export function readStatus(value: unknown): TailnetStatus | undefined {
  const status = statusSchema.safeParse(value).data;
  if (status === undefined) return undefined;
  const { BackendState: state, Self: self, CurrentTailnet: tailnet, Peer: peers } = status;
  const devices = Object.values(peers ?? {}).slice(0, LIMITS.tailnetDevicesMax);
  return {
    state,
    name: tailnet?.MagicDNSSuffix || tailnet?.Name || "",
    ownName: plainName(self?.DNSName ?? ""),
    addresses: addressesAmong(status.TailscaleIPs),
    expiresMs: self ? expiryOf(self) : undefined,
    isConnected: self?.Online ?? false,
    devices: devices.flatMap((one) => readDevice(deviceSchema.safeParse(one).data)),
  };
}

/** The addresses that a device can have: others are never dialled. */
export function addressesAmong(hosts: readonly string[]): readonly string[] {
  const found = hosts.filter(isTailnetAddress).slice(0, LIMITS.addressesPerServerMax);
  return found.toSorted((a, b) => Number(a.includes(":")) - Number(b.includes(":")));
}

/** A name of MagicDNS in the form for comparison. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function readDevice(device: WireDevice | undefined): readonly Device[] {
  const addresses = addressesAmong(device?.TailscaleIPs ?? []);
  const [first] = addresses;
  if (device === undefined || first === undefined || device.ShareeNode) return [];
  const { ID, DNSName, OS: os, Tags: tags, Online: isOnline } = device;
  const id = ID === "" ? first : ID;
  const name = plainName(DNSName);
  return [{ id, name, addresses, os, tags, isOnline, expiresMs: expiryOf(device) }];
}

function expiryOf({ Expired, KeyExpiry }: Pick<WireDevice, "Expired" | "KeyExpiry">) {
  if (Expired) return 0;
  return KeyExpiry === undefined ? undefined : Date.parse(KeyExpiry);
}
