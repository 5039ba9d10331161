/**
 * Every discovery backend there is; `node/backends.ts` says how each is made. Apart, so that help
 * costs no network code.
 */
export const BACKEND_NAMES = ["remembered", "mdns", "hub", "static", "dns"] as const;

export type BackendName = (typeof BACKEND_NAMES)[number];

/** Words that stand for a choice of backends: each whose environment is there, and none. */
export const BACKEND_CHOICES = ["auto", "none"] as const;

export function isBackendName(word: string): word is BackendName {
  return BACKEND_NAMES.some((name) => name === word);
}
