import { type Check, fail, ok, unknown, warn } from "../check.ts";
import type { Facts, HubFacts, MachineFacts } from "../facts.ts";
import { openCommand } from "../firewall-commands.ts";

/** Each discovery backend of a running node; and the hubs that a start here would ask. */
export function discoveryChecks({ node, machine }: Facts): readonly Check[] {
  if (node.kind !== "running") return (machine?.hubs ?? []).map(hubCheck);
  const { backends, alone } = node.local;
  if (backends.length === 0 && !alone) return [ok("discovery", "no discovery backend is in use")];
  return backends.map(({ name, state, detail, mend }) => {
    const id = `discovery:${name}`;
    const what = `${name} ${detail === "" ? state : `${state}: ${detail}`}`;
    if (state === "failed") return fail(id, what, mend ?? BY_HAND[name] ?? null);
    if (state !== "running") return unknown(id, what);
    return mend === undefined ? ok(id, what) : warn(id, what, mend);
  });
}

/** How to try by hand what a backend stands on, where there is a usual way. */
const BY_HAND: Readonly<Record<string, string>> = {
  mdns: "try: ping 224.0.0.251",
  serf: "try: nc -zv OTHER-HOST 7946",
  tailscale: "try: tailscale ping OTHER-HOST",
};

/** The seeds' "workers can't register with hub". */
function hubCheck({ url, port, answer }: HubFacts): Check {
  const id = `hub:${url}`;
  switch (answer.kind) {
    case "answers":
      return ok(id, `the hub ${url} answers: ${answer.server}`);
    case "other": {
      const what = `${url} answers with status ${answer.status}, as no hub does`;
      return fail(
        id,
        what,
        "see that the URL is that of a tankd; start that with --allow-host NAME",
      );
    }
    case "silent": {
      const what = `the hub ${url} does not answer: ${answer.reason}`;
      const there = `there see tankd status, and let it be reached: sudo ufw allow ${port}/tcp`;
      return fail(id, what, `try: curl ${url}/health; ${there}`);
    }
  }
}

/**
 * Why a node is alone. What its networks are at fault of has been tried anew a moment ago, and is
 * told there.
 */
export function solitudeChecks({ node, machine }: Facts): readonly Check[] {
  if (node.kind !== "running" || !node.local.alone) return [];
  const { alone, backends } = node.local;
  const tried = new Set((machine?.multicast ?? []).map(({ name }) => name));
  const ofTried = new Set(
    backends
      .flatMap(({ links = [] }) => links)
      .filter(({ name }) => tried.has(name))
      .flatMap(({ causes }) => causes.map(({ code }) => code)),
  );
  return alone.causes
    .filter(({ code, fault }) => !(fault && ofTried.has(code)))
    .map(({ code, what, mend, fault }) => {
      const here = machine && ofTried.has(code) ? networkMend(machine) : mend;
      return (fault ? fail : warn)(`alone:${code}`, what, here);
    });
}

/** The node names the command of the commonest firewall: it does not know which there is. */
function networkMend({ firewall }: MachineFacts): string {
  const elsewhere = "run tankd doctor on the other machine, or: tankd join http://ADDRESS:8000";
  const command = openCommand(firewall, { port: 5353, protocol: "udp" });
  return command === null ? elsewhere : `${command}; ${elsewhere}`;
}
