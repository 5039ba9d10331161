import { type Check, fail, ok, warn } from "../check.ts";
import { type Facts, isStarting, type RunningFacts } from "../facts.ts";
import { leaseChecks } from "./lease.ts";

type Local = RunningFacts["local"];

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
  const lease = leaseChecks(node);
  const what = `${local.server_id} runs as ${local.role} at ${url}, version ${local.version}`;
  return [
    ...settings,
    notReady === undefined ? ok("node", what) : notReadyCheck(local, notReady),
    ...roleChecks(local, lease),
    ...lease,
  ];
}

/** A role that surprises; what the lease is at fault of is told there. */
function roleChecks({ role_reason }: Local, lease: readonly Check[]): readonly Check[] {
  const isTold = lease.some(({ id, result }) => id === "lease" && result !== "ok");
  return role_reason && !isTold ? [warn("role", role_reason, null)] : [];
}

function notReadyCheck(local: Local, reason: string): Check {
  const what = `${local.server_id} is not ready: ${reason}`;
  if (!isStarting(local)) return fail("node", what, "see: tankd logs");
  return warn("node", `${what}; it was started a moment ago`, "run this again in a moment");
}
