import { type Check, fail, ok, warn } from "../check.ts";
import type { Facts, RunningFacts } from "../facts.ts";

/** A start has usually recovered its tanks and found its hub by then. */
const START_SECONDS = 10;

/** Checks whether a node runs and is ready, and whether the settings can be read. */
export function nodeChecks({ node, machine }: Facts): readonly Check[] {
  const { settingsProblem } = machine ?? {};
  const settings =
    settingsProblem === undefined ? [] : [fail("settings", settingsProblem, "see: tankd config")];
  switch (node.kind) {
    case "none":
      return [...settings, ok("node", "no node runs here, so only the machine is checked")];
    case "broken":
      return [...settings, fail("node", node.problem, "see: tankd logs")];
    case "running":
      break;
  }
  const { url, notReady, local } = node;
  const what = `${local.server_id} runs as ${local.role} at ${url}, version ${local.version}`;
  return [
    ...settings,
    notReady === undefined ? ok("node", what) : notReadyCheck(local, notReady),
    ...(local.role_reason ? [warn("role", local.role_reason, null)] : []),
    ...leaseChecks(local),
  ];
}

/** Whether this node leaves the lease to others; who holds it is no matter of this machine. */
function leaseChecks({ lease }: RunningFacts["local"]): readonly Check[] {
  if (!lease?.abstention) return [];
  const mend = "nothing, if it is behind a router and shall only dial out; else let others dial it";
  return [warn("lease", `the lease is left to others: ${lease.abstention}`, mend)];
}

function notReadyCheck(
  { server_id, uptime_seconds }: RunningFacts["local"],
  reason: string,
): Check {
  const what = `${server_id} is not ready: ${reason}`;
  if (uptime_seconds >= START_SECONDS) return fail("node", what, "see: tankd logs");
  return warn("node", `${what}; it was started a moment ago`, "run this again in a moment");
}
