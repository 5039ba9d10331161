/** The hub is killed again and again: how long until another one serves everybody that is left. */
import type { Lab } from "../../test/support/lab.ts";
import type { Node } from "../../test/support/node.ts";
import { untilExact } from "./gathering.ts";
import { type Ask, untilAllSay } from "./watching.ts";

/** Between two looks at a node that does not name the new hub yet: the grain of the figures. */
const LOOK_MS = 20;
/** A takeover, or the return of the killed node, that takes longer has failed. */
const GIVE_UP_MS = 120_000;
/** Between the return of the killed node and the next kill: successors are named anew. */
const CALM_MS = 3_000;
const OPTIONS = ["--discovery", "mdns", "--tanks", "0"];

/** Milliseconds from each kill until every survivor names the same other one as its hub. */
export async function measureTakeovers(lab: Lab, kills: number): Promise<readonly number[]> {
  for (const node of lab.nodes) start(node);
  const times: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const whole = await untilExact(lab, performance.now() + GIVE_UP_MS);
    if (whole.flaw !== undefined) throw new Error(`before kill ${kill + 1}: ${whole.flaw}`);
    await Bun.sleep(CALM_MS);
    times.push(await killHub(lab));
  }
  for (const node of lab.nodes) await node.crash();
  return times;
}

async function killHub(lab: Lab): Promise<number> {
  const { said } = await untilExact(lab, performance.now() + GIVE_UP_MS);
  const hub = lab.nodes.find(({ nodeId }) => nodeId === said);
  if (hub === undefined) throw new Error("there is no hub to kill");
  const survivors = lab.nodes.filter((node) => node !== hub);
  const killedMs = performance.now();
  await hub.crash();
  const pace = { lookMs: LOOK_MS, deadlineMs: killedMs + GIVE_UP_MS };
  const { flaw, begunMs } = await untilAllSay(survivors, hubOtherThan(hub), pace);
  if (flaw !== undefined) throw new Error(`nobody has taken over: ${flaw}`);
  start(hub);
  return begunMs - killedMs;
}

/** Who a node follows: one that it has reached, since only then it says so. */
function hubOtherThan(killed: Node): Ask<Node> {
  return async (node) => {
    const { hub } = await node.local();
    const id = hub?.node_id;
    if (!id || id === killed.nodeId) throw new Error("the old hub, or none");
    return id;
  };
}

function start(node: Node): void {
  node.start(OPTIONS, { LOG_LEVEL: "info" });
}
