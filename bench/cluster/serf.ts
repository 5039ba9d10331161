/** Serf on the same machines: how long until everybody has noticed that one of them died. */
import type { Subprocess } from "bun";
import { z } from "zod";
import { must } from "../../test/support/commands.ts";
import type { Lab } from "../../test/support/lab.ts";
import type { Node } from "../../test/support/node.ts";
import { type Ask, type Look, untilAllSay } from "./watching.ts";

const LOOK_MS = 50;
const GIVE_UP_MS = 60_000;
/** Between the return of the killed agent and the next kill. */
const CALM_MS = 2_000;

const membersSchema = z.object({
  members: z.array(z.object({ name: z.string(), status: z.string() })),
});

export function hasSerf(): boolean {
  return Bun.which("serf") !== null;
}

/** Milliseconds from each kill of an agent until each other one lists it as failed. */
export async function measureSerf(lab: Lab, kills: number): Promise<readonly number[]> {
  const agents = new Map<Node, Subprocess>();
  for (const node of lab.nodes) agents.set(node, startAgent(lab, node));
  const times: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const alive = await settled(lab, lab.nodes, everybodyIs("alive", lab.nodes));
    if (alive.flaw !== undefined) throw new Error(`Serf, before kill ${kill + 1}: ${alive.flaw}`);
    await Bun.sleep(CALM_MS);
    const victim = lab.nodes[kill % lab.nodes.length];
    if (victim === undefined) break;
    const killedMs = performance.now();
    agents.get(victim)?.kill("SIGKILL");
    const others = lab.nodes.filter((node) => node !== victim);
    const noticed = await settled(lab, others, everybodyIs("failed", [victim]));
    if (noticed.flaw !== undefined) throw new Error(`Serf, kill ${kill + 1}: ${noticed.flaw}`);
    times.push(noticed.begunMs - killedMs);
    agents.set(victim, startAgent(lab, victim));
  }
  return times;
}

function startAgent(lab: Lab, node: Node): Subprocess {
  const bind = [`-bind=${node.address}`, `-rpc-addr=${rpcOf(node)}`];
  const known = lab.nodes.filter((one) => one !== node).slice(0, 2);
  const join = known.map(({ address }) => `-retry-join=${address}`);
  return lab.run(node, [
    "serf",
    "agent",
    `-node=n${node.number}`,
    "-log-level=err",
    ...bind,
    ...join,
  ]);
}

function rpcOf({ address }: Node): string {
  return `${address}:7373`;
}

type Check = (members: ReadonlyMap<string, string>) => string | undefined;

function everybodyIs(status: string, nodes: readonly Node[]): Check {
  return (members) => {
    const other = nodes.find(({ number }) => members.get(`n${number}`) !== status);
    return other === undefined ? undefined : `n${other.number} is not ${status}`;
  };
}

function settled(lab: Lab, nodes: readonly Node[], check: Check): Promise<Look> {
  const ask: Ask<Node> = async (node) => {
    const look = ["ip", "netns", "exec", lab.network.switch, "serf", "members"];
    const text = await must(...look, "-format=json", `-rpc-addr=${rpcOf(node)}`);
    const { members } = membersSchema.parse(JSON.parse(text));
    const flaw = check(new Map(members.map(({ name, status }) => [name, status])));
    if (flaw !== undefined) throw new Error(flaw);
    return "as it must be";
  };
  return untilAllSay(nodes, ask, {
    lookMs: LOOK_MS,
    deadlineMs: performance.now() + GIVE_UP_MS,
  });
}
