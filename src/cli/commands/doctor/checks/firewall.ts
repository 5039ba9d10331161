import type { FirewallKind, PortRule } from "../../../../node/doctor/firewall.ts";
import { type Check, fail, ok, unknown, warn } from "../check.ts";
import type { Facts, MachineFacts } from "../facts.ts";
import { openCommand } from "../firewall-commands.ts";

const NAMES: Readonly<Record<FirewallKind, string>> = {
  none: "no firewall",
  ufw: "ufw",
  firewalld: "firewalld",
  iptables: "iptables",
  nftables: "nftables",
  macos: "the firewall of macOS",
  windows: "the firewall of Windows",
  unknown: "the firewall",
};

/** Checks whether the firewall of this machine admits the ports of tankd; suggests commands. */
export function firewallChecks(facts: Facts): readonly Check[] {
  const { machine } = facts;
  if (machine === undefined) return [];
  const { firewall } = machine;
  if (firewall.kind === "none") return [ok("firewall", "no firewall is active on this machine")];
  return firewall.ports.map((rule) => {
    const id = `firewall:${rule.port}/${rule.protocol}`;
    return judge(id, rule, machine, isProven(facts, machine, rule));
  });
}

function judge(id: string, rule: PortRule, { firewall }: MachineFacts, isIn: boolean): Check {
  const name = rule.by ?? NAMES[firewall.kind];
  const port = `${rule.protocol.toUpperCase()} port ${rule.port}`;
  if (isIn) return ok(id, `${name} admits ${port}, as a test showed`);
  if (rule.isOpen === true) return ok(id, `${name} admits ${port}`);
  const command = openCommand(firewall, rule);
  if (rule.isOpen === false) return fail(id, `${name} blocks ${port}`, command);
  if (firewall.kind === "unknown") {
    return unknown(id, `only root can tell whether a firewall blocks ${port}`, command);
  }
  return warn(id, `${name} is active; whether it admits ${port} is unclear`, command);
}

/** Whether packets have arrived, whatever the rules say. */
function isProven({ node }: Facts, { multicast }: MachineFacts, rule: PortRule): boolean {
  if (rule.protocol === "udp") return multicast?.some(({ heard }) => heard > 0) ?? false;
  if (node.kind !== "running" || !("peers" in node.trial)) return false;
  return node.trial.peers.some(({ dial_back }) =>
    dial_back?.some(({ port, reached }) => reached && port === rule.port),
  );
}
