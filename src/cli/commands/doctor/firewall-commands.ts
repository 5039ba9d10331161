import type { FirewallFacts, FirewallKind, WantedPort } from "../../../node/doctor/firewall.ts";

type CommandOf = (port: WantedPort, firewall: FirewallFacts) => string | null;

const COMMANDS: Readonly<Record<FirewallKind, CommandOf>> = {
  none: () => null,
  ufw: ({ port, protocol }) => `sudo ufw allow ${port}/${protocol}`,
  firewalld: ({ port, protocol }) =>
    `sudo firewall-cmd --add-port=${port}/${protocol} --permanent && sudo firewall-cmd --reload`,
  iptables: ({ port, protocol }) => {
    const rule = `-I INPUT -p ${protocol} --dport ${port} -j ACCEPT`;
    return `sudo iptables ${rule} && sudo ip6tables ${rule}`;
  },
  nftables: ({ port, protocol }, { chains }) =>
    chains
      .map(({ family, table, name }) => {
        const chain = `${family} ${table} ${name}`;
        return `sudo nft insert rule ${chain} ${protocol} dport ${port} accept`;
      })
      .join(" && "),
  macos: () => {
    const program = "sudo /usr/libexec/ApplicationFirewall/socketfilterfw";
    return `${program} --add "$(which tankd)" && ${program} --unblockapp "$(which tankd)"`;
  },
  windows: ({ port, protocol }) =>
    `netsh advfirewall firewall add rule name="tankd ${port}" dir=in action=allow ` +
    `protocol=${protocol.toUpperCase()} localport=${port}   (as Administrator)`,
  unknown: () => "see the output of: sudo tankd doctor",
};

/** The command that opens the port; null where no firewall blocks it. */
export function openCommand(firewall: FirewallFacts, port: WantedPort): string | null {
  return COMMANDS[firewall.kind](port, firewall) || null;
}
