import { type Check, fail, ok, unknown, warn } from "../check.ts";
import type { Facts, HubFacts } from "../facts.ts";

/** Each discovery backend of a running node; and the hubs that a start here would ask. */
export function discoveryChecks({ node, machine }: Facts): readonly Check[] {
  if (node.kind !== "running") return (machine?.hubs ?? []).map(hubCheck);
  const { backends } = node.local;
  if (backends.length === 0) return [ok("discovery", "it looks for nobody: no backend is in use")];
  return backends.map(({ name, state, detail }) => {
    const id = `discovery:${name}`;
    const words = detail === "" ? state : `${state}: ${detail}`;
    if (state === "failed") return fail(id, `${name} ${words}`, BY_HAND[name] ?? null);
    return state === "running" ? ok(id, `${name} ${words}`) : unknown(id, `${name} ${words}`);
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
  const links = backends.flatMap((backend) => backend.links ?? []);
  const told = new Set(
    links
      .filter(({ name }) => tried.has(name))
      .flatMap(({ causes }) => causes.filter(({ fault }) => fault).map(({ code }) => code)),
  );
  return alone.causes
    .filter(({ code }) => !told.has(code))
    .map(({ code, what, mend, fault }) => (fault ? fail : warn)(`alone:${code}`, what, mend));
}
