import { z } from "zod";
import { LIMITS } from "../../platform/limits.ts";
import { isTailnetAddress } from "./addresses.ts";

/** A machine of the tailnet that is not this one. */
export interface Device {
  /** The same as long as the device is; of no form. */
  readonly id: string;
  /** Its name in MagicDNS in lower case, without a final dot; empty where it has none. */
  readonly name: string;
  /** Its addresses in the tailnet, IPv4 before IPv6. Not empty. */
  readonly addresses: readonly string[];
  /** `linux`, `macOS`, `windows`, `iOS`, …; empty where it is not told. */
  readonly os: string;
  /** `tag:server`, … */
  readonly tags: readonly string[];
  /** Connected to the control server, within seconds to hours. */
  readonly isOnline: boolean;
  /** When its key runs out or has run out, milliseconds since 1970; undefined for never. */
  readonly expiresMs: number | undefined;
}

/** What a look at the tailnet has shown. */
export interface TailnetStatus {
  /** `Running`, `NeedsLogin`, `Stopped`, …: `ipn.State` of Tailscale. */
  readonly state: string;
  /** Name of the tailnet in MagicDNS, or of its owner; for people. */
  readonly name: string;
  /** The name of this machine in MagicDNS, as {@link Device} has it; empty where it has none. */
  readonly ownName: string;
  /** Of this machine; empty where it is no device itself. */
  readonly addresses: readonly string[];
  /** When the key of this machine runs out or has run out. */
  readonly expiresMs: number | undefined;
  /** Whether this machine is in touch with the control server. */
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
  /** Can reach us and is not to be reached: somebody with whom this machine is shared. */
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
 * `ipnstate.Status` of Tailscale, as the LocalAPI and `tailscale status --json` give it. What is
 * malformed in it is left out; undefined for what is no status at all.
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

/** Those of some addresses that a device can have: what else is named there is never dialled. */
export function addressesAmong(hosts: readonly string[]): readonly string[] {
  const found = hosts.filter(isTailnetAddress).slice(0, LIMITS.addressesPerServerMax);
  return found.toSorted((a, b) => Number(a.includes(":")) - Number(b.includes(":")));
}

/** A name of MagicDNS as it is compared. */
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
