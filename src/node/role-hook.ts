import type { Cluster } from "../cluster/cluster.ts";
import { messageOf } from "../platform/errors.ts";
import type { Cancel } from "../platform/timers.ts";
import type { Log } from "../telemetry/log.ts";

/**
 * Runs a shell command with additional variables. Resolves with its exit code, or undefined on a
 * timeout.
 */
export type RunShell = (
  command: string,
  variables: Readonly<Record<string, string>>,
  timeoutMs: number,
) => Promise<number | undefined>;

/**
 * Enough to reconfigure a load balancer or send a message; a hanging hook must not block the next.
 */
const HOOK_TIMEOUT_MS = 30_000;

/**
 * Runs `command` after each change of role or hub, one at a time. Changes during a run are
 * coalesced: the next run gets the latest state only.
 */
export function runOnRoleChange(
  cluster: Pick<Cluster, "view" | "onChange">,
  command: string,
  runShell: RunShell,
  log: Log,
): Cancel {
  let told = stateOf(cluster).key;
  let running = false;
  const tell = async () => {
    if (running) return;
    running = true;
    for (let now = stateOf(cluster); now.key !== told; now = stateOf(cluster)) {
      told = now.key;
      await runOnce(command, now.variables, runShell, log);
    }
    running = false;
  };
  return cluster.onChange(() => void tell());
}

function stateOf(cluster: Pick<Cluster, "view">) {
  const { role, hub } = cluster.view();
  const hubUrl = hub?.api_url ?? "";
  return { key: `${role} ${hubUrl}`, variables: { TANKD_ROLE: role, TANKD_HUB_URL: hubUrl } };
}

async function runOnce(
  command: string,
  variables: Readonly<Record<string, string>>,
  runShell: RunShell,
  log: Log,
): Promise<void> {
  try {
    const code = await runShell(command, variables, HOOK_TIMEOUT_MS);
    if (code === undefined)
      log.warn("on_role_change took too long", { timeout_ms: HOOK_TIMEOUT_MS });
    else if (code === 0) log.info("on_role_change done", { role: variables["TANKD_ROLE"] });
    else log.warn("on_role_change failed", { exit_code: code });
  } catch (error) {
    log.warn("on_role_change failed", { error: messageOf(error) });
  }
}
