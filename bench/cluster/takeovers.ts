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

export interface Takeovers {
  /** Milliseconds from each kill until every survivor names the same other one as its hub. */
  readonly times: readonly number[];
  /** Why there were no more. */
  readonly gaveUp: string | undefined;
}

export async function measureTakeovers(lab: Lab, kills: number): Promise<Takeovers> {
  for (const node of lab.nodes) start(node);
  const times: number[] = [];
  try {
    while (times.length < kills) {
      await untilWhole(lab);
      await Bun.sleep(CALM_MS);
      times.push(await killHub(lab));
    }
    return { times, gaveUp: undefined };
  } catch (error) {
    return { times, gaveUp: error instanceof Error ? error.message : String(error) };
  }
}

/** The id of the hub, once every list is exact. */
async function untilWhole(lab: Lab): Promise<string> {
  const { said, flaw } = await untilExact(lab, performance.now() + GIVE_UP_MS);
  if (said === undefined) throw new Error(`not whole before the next kill: ${flaw}`);
  return said;
}

async function killHub(lab: Lab): Promise<number> {
  const hubId = await untilWhole(lab);
  const hub = lab.nodes.find(({ nodeId }) => nodeId === hubId);
  if (hub === undefined) throw new Error("the hub is none of the nodes");
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
