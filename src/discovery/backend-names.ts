/**
 * Every discovery backend; `node/backends.ts` creates them. In a file of its own, so that help does
 * not load network code.
 */
export const BACKEND_NAMES = [
  "remembered",
  "mdns",
  "tailscale",
  "serf",
  "consul",
  "etcd",
  "dns",
  "hub",
  "static",
] as const;

export type BackendName = (typeof BACKEND_NAMES)[number];

/** Words that choose a set of backends: all whose environment is present, or none. */
export const BACKEND_CHOICES = ["auto", "none"] as const;

export function isBackendName(word: string): word is BackendName {
  return BACKEND_NAMES.some((name) => name === word);
}
