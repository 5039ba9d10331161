import type { TailnetStatus } from "./status.ts";

/** What is wrong in each state of Tailscale (`ipn.State`) except `Running`, with the remedy. */
const STATES: Readonly<Record<string, string>> = {
  NoState: "Tailscale is starting",
  InUseOtherUser: "another user of this machine uses Tailscale: let that user disconnect",
  NeedsLogin: "this machine is not logged in to Tailscale: run tailscale up",
  NeedsMachineAuth:
    "this machine waits for approval: approve it in the admin console of the tailnet",
  Stopped: "Tailscale is stopped: run tailscale up",
  Starting: "Tailscale is connecting: without a network it waits for one",
};

/** Why nothing can be reached by Tailscale at present, in one line; undefined when it works. */
export function whyUnusable(status: TailnetStatus, nowMs: number): string | undefined {
  const { state, expiresMs } = status;
  if (state === "Running") return undefined;
  if (state === "NeedsLogin" && expiresMs !== undefined && expiresMs <= nowMs) {
    return "the key of this machine has expired: run tailscale up to log in again";
  }
  return Object.hasOwn(STATES, state) ? STATES[state] : "Tailscale is in a state not known here";
}
