import type { FirewallKind, PortRule } from "../../../node/doctor/firewall.ts";
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

/** What the firewall of this machine says of the ports of tankd, and what to type. */
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
  if (isIn) return ok(id, `${name} lets ${port} in, as was tried`);
  if (rule.isOpen === true) return ok(id, `${name} lets ${port} in`);
  const command = openCommand(firewall, rule);
  if (rule.isOpen === false) return fail(id, `${name} keeps ${port} closed`, command);
  if (firewall.kind === "unknown") {
    return unknown(id, `whether a firewall keeps ${port} closed is for root to see`, command);
  }
  return warn(id, `${name} is active, and whether it lets ${port} in is not plain`, command);
}

/** Packets have come in, whatever the rules say. */
function isProven({ node }: Facts, { multicast }: MachineFacts, rule: PortRule): boolean {
  if (rule.protocol === "udp") return multicast?.some(({ heard }) => heard > 0) ?? false;
  if (node.kind !== "running" || !("peers" in node.trial)) return false;
  return node.trial.peers.some(({ dial_back }) =>
    dial_back?.some(({ port, reached }) => reached && port === rule.port),
  );
}
