import { type Check, fail, ok, unknown, warn } from "../check.ts";
import type { Facts, HubFacts, MachineFacts } from "../facts.ts";
import { openCommand } from "../firewall-commands.ts";

/** Checks each discovery backend of a running node, and the hubs that a start here would ask. */
export function discoveryChecks({ node, machine }: Facts): readonly Check[] {
  if (node.kind !== "running") return (machine?.hubs ?? []).map(hubCheck);
  const { backends, alone } = node.local;
  if (backends.length === 0 && !alone) return [ok("discovery", "no discovery backend is in use")];
  return backends.map(({ name, state, detail, mend, links = [] }) => {
    const id = `discovery:${name}`;
    const what = `${name} ${detail === "" ? state : `${state}: ${detail}`}`;
    const [known] = links.flatMap(({ causes }) => causes.flatMap((cause) => cause.mend ?? []));
    if (state === "failed") return fail(id, what, mend ?? known ?? BY_HAND[name] ?? null);
    if (state !== "running") return unknown(id, what);
    return mend === undefined ? ok(id, what) : warn(id, what, mend);
  });
}

/** Commands to test what a backend depends on, where there is a usual one. */
const BY_HAND: Readonly<Record<string, string>> = {
  mdns: "try: ping 224.0.0.251",
  serf: "try: nc -zv OTHER-HOST 7946",
  tailscale: "try: tailscale ping OTHER-HOST",
};

/** "Workers can't register with the hub." */
function hubCheck({ url, port, answer }: HubFacts): Check {
  const id = `hub:${url}`;
  switch (answer.kind) {
    case "answers":
      return ok(id, `the hub ${url} answers: ${answer.server}`);
    case "other": {
      const what = `${url} answers with status ${answer.status}, unlike a hub`;
      return fail(
        id,
        what,
        "check that the URL is that of a tankd; start that one with --allow-host NAME",
      );
    }
    case "silent": {
      const what = `the hub ${url} does not answer: ${answer.reason}`;
      const there = `check that it runs and that TCP port ${port} is open there`;
      return fail(id, what, `try: curl ${url}/health; ${there} (sudo tankd doctor)`);
    }
  }
}

/** Why a node is alone. Causes in its networks were tested a moment ago, and are reported there. */
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
  // What a backend has failed by stands with the backend.
  const failed = new Set(
    backends.flatMap(({ name, state }) => (state === "failed" ? [`failed:${name}`] : [])),
  );
  return alone.causes
    .filter(({ code, fault }) => !(fault && ofTried.has(code)) && !failed.has(code))
    .map(({ code, what, mend, fault }) => {
      const isOfFirewall = machine !== undefined && isOfPort(code) && ofTried.has(code);
      const here = isOfFirewall ? networkMend(machine) : mend;
      return (fault ? fail : warn)(`alone:${code}`, what, here);
    });
}

/** Causes that may be a firewall; opening a port is no remedy for any other. */
export function isOfPort(code: string): boolean {
  return /^mdns_(dropped_here|silence):/.test(code);
}

/** The node itself does not know which firewall there is. */
function networkMend({ firewall }: MachineFacts): string {
  const elsewhere = "run tankd doctor on the other machine, or: tankd join http://ADDRESS:8000";
  const command = openCommand(firewall, { port: 5353, protocol: "udp" });
  return command === null ? elsewhere : `${command}; ${elsewhere}`;
}
