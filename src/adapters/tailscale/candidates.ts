import type { Device } from "./status.ts";

/** Systems of telephones, tablets and television sets, in lower case. */
const WITHOUT_TANKD: ReadonlySet<string> = new Set(["ios", "android", "tvos"]);
/** Exit nodes of Mullvad are listed as devices, by the hundred (https://tailscale.com/kb/1258). */
const MULLVAD = { tag: "tag:mullvad-exit-node", suffix: ".mullvad.ts.net" } as const;

/** Whether a device is online and may run tankd; with `tags` only if it has one of them. */
export function isCandidate(device: Device, tags: readonly string[], nowMs: number): boolean {
  const { os, name, isOnline, expiresMs } = device;
  if (!isOnline || (expiresMs !== undefined && expiresMs <= nowMs)) return false;
  if (WITHOUT_TANKD.has(os.toLowerCase())) return false;
  if (device.tags.includes(MULLVAD.tag) || name.endsWith(MULLVAD.suffix)) return false;
  return tags.length === 0 || device.tags.some((tag) => tags.includes(tag));
}
