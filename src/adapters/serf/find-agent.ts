import type { Address, Announcement } from "../../discovery/backend.ts";
import { Agent, type AgentAddress, AgentError, type AgentTrouble } from "./agent.ts";
import { OwnAgent, type OwnAgentDeps, RPC_PORT } from "./own-agent.ts";

export interface FindDeps extends OwnAgentDeps {
  /** The agent that the operator has named; without one the default place is tried. */
  readonly rpc: Address | undefined;
  readonly key: string | undefined;
  /** Whether an agent may be started if none answers. */
  readonly mayStart: boolean;
  /** Replaces the search for the program, for tests. */
  readonly findProgram?: () => string | null;
}

export interface FoundAgent {
  readonly agent: Agent;
  /** The address for further connections. */
  readonly at: AgentAddress;
  /** Set if this node has started it. */
  readonly own: OwnAgent | undefined;
}

const USUAL_PLACE: Address = { host: "127.0.0.1", port: RPC_PORT };
/** Then no agent can be used. */
const VACANT: readonly AgentTrouble[] = ["absent", "foreign"];

/** Whether a usable agent answers. Never rejects. */
export async function isAgentThere(
  deps: Pick<FindDeps, "rpc" | "key" | "timers">,
): Promise<boolean> {
  try {
    const agent = await Agent.open(placeOf(deps), deps.timers);
    agent.close();
    return !OwnAgent.isOne(agent);
  } catch (error) {
    return error instanceof AgentError && error.trouble === "refusing";
  }
}

/** Finds the agent of this machine, or starts one. */
export class AgentFinder {
  readonly #deps: FindDeps;
  /** Somebody else runs one here: it will come back, and then needs its ports. */
  #hasSeenOne = false;

  constructor(deps: FindDeps) {
    this.#deps = deps;
  }

  /** Rejects with the remedy, in one line. */
  async find(announcement: Announcement): Promise<FoundAgent> {
    try {
      return await this.#findRunning(announcement.nodeId);
    } catch (error) {
      if (!(error instanceof AgentError && VACANT.includes(error.trouble))) throw error;
      return await this.#start(announcement, error.message);
    }
  }

  async #findRunning(nodeId: string): Promise<FoundAgent> {
    const at = placeOf(this.#deps);
    const agent = await Agent.open(at, this.#deps.timers);
    if (!OwnAgent.isOne(agent)) {
      this.#hasSeenOne = true;
      return { agent, at, own: undefined };
    }
    if (OwnAgent.isOne(agent, nodeId)) {
      // Its port is the one where other agents look for this one.
      await agent.leave().catch(() => {});
      agent.close();
      throw new Error("the Serf agent of this node's last run is still leaving");
    }
    agent.close();
    throw new AgentError("foreign", "the Serf agent here is another tankd node's and ends with it");
  }

  async #start(announcement: Announcement, why: string): Promise<FoundAgent> {
    const { rpc, mayStart, machine } = this.#deps;
    if (rpc !== undefined) throw new Error(`${why}: start it, or set SERF_RPC_ADDR`);
    if (this.#hasSeenOne || !mayStart) throw new Error(`${why}: start it again`);
    if (machine.platform === "win32") throw new Error(`${why}: start one`);
    const program = (this.#deps.findProgram ?? findOnPath)();
    if (program === null) throw new Error(`${why}: install serf, or start an agent`);
    const { own, agent } = await OwnAgent.start(program, announcement, this.#deps);
    return { agent, at: { address: own.rpc, key: undefined }, own };
  }
}

function placeOf({ rpc, key }: Pick<FindDeps, "rpc" | "key">): AgentAddress {
  return { address: rpc ?? USUAL_PLACE, key };
}

function findOnPath(): string | null {
  return Bun.which("serf");
}
