import type { Command } from "commander";
import { resolveSettings } from "../../../node/settings/resolve.ts";
import { Problem } from "../../../platform/errors.ts";
import type { CliContext } from "../../context.ts";
import { NodeClient } from "../../node-access/client.ts";
import { findNode, type VerifiedNode } from "../../node-access/node-lookup.ts";
import { flagsOf } from "../../options.ts";
import { askLocal, askTheRest } from "./ask-node.ts";
import type { Check } from "./check.ts";
import { clockChecks } from "./checks/clock.ts";
import { directoryChecks } from "./checks/directory.ts";
import { discoveryChecks, solitudeChecks } from "./checks/discovery.ts";
import { firewallChecks } from "./checks/firewall.ts";
import { machineChecks } from "./checks/machine.ts";
import { multicastChecks } from "./checks/multicast.ts";
import { networkChecks } from "./checks/networks.ts";
import { nodeChecks } from "./checks/node.ts";
import { peerChecks } from "./checks/peers.ts";
import { portChecks } from "./checks/ports.ts";
import { examineMachine, type Subject } from "./examine.ts";
import type { Facts, NodeFacts, RunningFacts } from "./facts.ts";

/** The checks, in the order in which they are shown. */
const CHECKS: readonly ((facts: Facts) => readonly Check[])[] = [
  nodeChecks,
  networkChecks,
  multicastChecks,
  portChecks,
  firewallChecks,
  discoveryChecks,
  solitudeChecks,
  peerChecks,
  clockChecks,
  machineChecks,
  directoryChecks,
];

/** Everything that `tankd doctor` finds. @throws Problem for wrong usage, and for a far node. */
export async function diagnose(context: CliContext, command: Command): Promise<readonly Check[]> {
  const facts = await gather(context, command);
  return CHECKS.flatMap((judge) => judge(facts));
}

async function gather(context: CliContext, command: Command): Promise<Facts> {
  const { host } = context;
  const { settings, settingsProblem } = readSettings(context, command);
  const { url, dataDir } = settings.values;
  if (url !== undefined) {
    const node = new NodeClient(host.network, url, context.givenToken(command));
    return { machine: undefined, node: await askTheRest(node, await askLocal(node)) };
  }
  const found = await lookFor(context, dataDir);
  const { local, node } = found.kind === "found" ? found : {};
  const subject: Subject = {
    settings,
    settingsProblem,
    node,
    usesMulticast: local?.backends.some(({ links }) => links !== undefined),
  };
  const [machine, facts] = await Promise.all([
    examineMachine(host, await host.openExaminer(), subject),
    found.kind === "found" ? askTheRest(found.client, found.local) : found,
  ]);
  return { machine, node: facts };
}

/** The operator's settings; if they cannot be read, those of the command line, and the reason. */
function readSettings(
  context: CliContext,
  command: Command,
): Pick<Subject, "settings" | "settingsProblem"> {
  const sources = { flags: flagsOf(command), environment: {}, files: [], readSecret: () => "" };
  // A wrong flag is a usage error, not a finding.
  const typed = resolveSettings(sources);
  try {
    const settings = context.settings(command);
    const reasons = settings.faults.map(({ reason }) => reason);
    return { settings, settingsProblem: reasons.length > 0 ? reasons.join(" ") : undefined };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { settings: typed, settingsProblem: error.message };
  }
}

/** The node of this machine with its record, or why there is none. */
type Found =
  | {
      readonly kind: "found";
      readonly node: VerifiedNode;
      readonly client: NodeClient;
      readonly local: RunningFacts["local"];
    }
  | Exclude<NodeFacts, RunningFacts>;

async function lookFor({ host }: CliContext, dataDir: string | undefined): Promise<Found> {
  try {
    const node = await findNode(host, dataDir);
    const client = new NodeClient(host.network, node.url, node.token);
    return { kind: "found", node, client, local: await askLocal(client) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.code === "no_node" ? { kind: "none" } : { kind: "broken", problem: error.message };
  }
}
