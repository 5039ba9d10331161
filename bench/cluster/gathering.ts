/**
 * N nodes switched on at once, each on a machine of its own, until each lists exactly all of them.
 */
import { Lab } from "../../test/support/lab.ts";
import { processorSeconds } from "../proc.ts";
import { type Costs, costsBetween, costsOf } from "./costs.ts";
import { exactListOf, type Look, untilAllSay } from "./watching.ts";

export interface Setup {
  readonly nodes: number;
  readonly binary: string;
  /** By what they find each other: multicast, or the URL of the first. */
  readonly discovery: "mdns" | "hub";
  /** Of each node. */
  readonly tanks: number;
  /** After this they are given up. */
  readonly limitSeconds: number;
}

export interface Gathering {
  /** Until every list was exact; undefined when that did not happen in time. */
  readonly exactSeconds: number | undefined;
  /** From the start until then, or until they were given up. */
  readonly seconds: number;
  readonly costs: Costs;
  /** Whether every list was still exact, with one hub, a while later, or what was wrong. */
  readonly flaw: string | undefined;
  readonly looking: { readonly requests: number; readonly cpuSeconds: number };
}

/** Between two looks at a list that was not exact yet: ten small requests a second in all. */
const LOOK_MS = 100;
/**
 * IPv6 addresses of fresh interfaces are tentative for up to 2 s; machines are usually up for
 * longer.
 */
const LINK_SETTLE_MS = 2_500;
/** How long a gathered cluster must stay exact. */
const HOLD_MS = 5_000;
/**
 * From exact lists until an idle cluster is measured: workers ask their hub often for the first
 * half minute, and JavaScriptCore still compiles what runs.
 */
export const CALM_MS = 60_000;

export async function measureGathering(setup: Setup): Promise<Gathering> {
  return withMachines(setup, async (lab) => {
    const begunMs = startAll(lab, setup);
    const look = await untilExact(lab, begunMs + setup.limitSeconds * 1000);
    const costs = costsOf(lab);
    const ended = look.flaw === undefined ? look.begunMs : performance.now();
    const seconds = (ended - begunMs) / 1000;
    const looking = { requests: look.requests, cpuSeconds: processorSeconds(lab.windowPid) };
    if (look.flaw !== undefined) {
      return { exactSeconds: undefined, seconds, costs, flaw: look.flaw, looking };
    }
    await Bun.sleep(HOLD_MS);
    const { flaw } = await untilExact(lab, performance.now());
    return { exactSeconds: seconds, seconds, costs, flaw, looking };
  });
}

/** The floor: the same nodes over the same time, each alone. */
export async function measureLone(setup: Setup, seconds: number): Promise<Costs> {
  return withMachines(setup, async (lab) => {
    startLone(lab, setup);
    await Bun.sleep(seconds * 1000);
    return costsOf(lab);
  });
}

export interface Idle {
  /** Processor time over the clock's. */
  readonly cores: number;
  readonly multicastPerSecond: number;
  /** What was wrong with the cluster before or after; undefined when it was whole. */
  readonly flaw: string | undefined;
}

/** What a gathered cluster takes once it is calm. */
export async function measureIdle(setup: Setup, seconds: number): Promise<Idle> {
  return withMachines(setup, async (lab) => {
    const begunMs = startAll(lab, setup);
    const before = await untilExact(lab, begunMs + setup.limitSeconds * 1000);
    await Bun.sleep(CALM_MS);
    const idle = await ratesOver(lab, seconds);
    const after = await untilExact(lab, performance.now());
    return { ...idle, flaw: before.flaw ?? after.flaw };
  });
}

/** What as many lone nodes take. */
export async function measureLoneIdle(setup: Setup, seconds: number): Promise<Idle> {
  return withMachines(setup, async (lab) => {
    startLone(lab, setup);
    for (const node of lab.nodes) await node.ready();
    await Bun.sleep(CALM_MS);
    return { ...(await ratesOver(lab, seconds)), flaw: undefined };
  });
}

/** The hub, once every list is exact. */
export function untilExact({ nodes }: Lab, deadlineMs: number): Promise<Look> {
  return untilAllSay(nodes, exactListOf(nodes), { lookMs: LOOK_MS, deadlineMs });
}

async function ratesOver(lab: Lab, seconds: number): Promise<Omit<Idle, "flaw">> {
  const before = costsOf(lab);
  const begunMs = performance.now();
  await Bun.sleep(seconds * 1000);
  const { cpuSeconds, multicastPackets } = costsBetween(before, costsOf(lab));
  const passed = (performance.now() - begunMs) / 1000;
  return { cores: cpuSeconds / passed, multicastPerSecond: multicastPackets / passed };
}

export async function withMachines<T>(
  setup: Pick<Setup, "nodes" | "binary">,
  work: (lab: Lab) => Promise<T>,
): Promise<T> {
  const lab = await Lab.open({ binary: setup.binary });
  try {
    await lab.machines(setup.nodes);
    await Bun.sleep(LINK_SETTLE_MS);
    return await work(lab);
  } finally {
    await lab.close();
  }
}

/** Returns when the first was started, on the clock of `performance`. */
function startAll(lab: Lab, { discovery, tanks }: Setup): number {
  const begunMs = performance.now();
  const [first] = lab.nodes;
  for (const node of lab.nodes) {
    const byUrl =
      node === first ? ["--discovery", "none"] : ["--discovery", "hub", "--hub", first?.url ?? ""];
    const finding = discovery === "mdns" ? ["--discovery", "mdns"] : byUrl;
    node.start(["--tanks", `${tanks}`, ...finding], { LOG_LEVEL: "info" });
  }
  return begunMs;
}

function startLone(lab: Lab, { tanks }: Setup): void {
  const options = ["--tanks", `${tanks}`, "--discovery", "none"];
  for (const node of lab.nodes) node.start(options, { LOG_LEVEL: "info" });
}
