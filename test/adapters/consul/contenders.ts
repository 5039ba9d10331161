import { ConsulLease } from "../../../src/adapters/consul/lease.ts";
import { keyOfCluster } from "../../../src/adapters/consul/lease-url.ts";
import { isBefore } from "../../../src/cluster/membership/certainty.ts";
import type { LeaseState } from "../../../src/cluster/membership/lease.ts";
import { ConsulWorld, type Machine } from "./set-up.ts";

const URL = "consul://127.0.0.1:8500";
export const KEY = keyOfCluster("tankd");
/** By contract a session ends between once and twice its time, and 10 s of lock delay follow. */
export const TTL_MS = 10_000;
export const TAKEOVER_MS = 2 * TTL_MS + TTL_MS;
/** Requests cost no simulated time; retries do. */
export const RETRIES_MS = 2_000;

/** A node that would hold the lease. */
export interface Contender extends Machine {
  readonly lease: Pick<ConsulLease, "want" | "stop">;
  readonly states: LeaseState[];
  /** Whether it is certain at this moment that it holds. */
  isHolder(): boolean;
  last(): LeaseState | undefined;
}

/** Nodes that contend for one lease; at no moment may two of them be certain that they hold it. */
export class Contest extends ConsulWorld {
  readonly contenders: Contender[] = [];

  add(name: string, nodeId = name, token?: string): Contender {
    const machine = this.machine(name, token);
    const { process, agent, host } = machine;
    const lease = new ConsulLease({ ...process, agent, url: URL, key: KEY });
    const states: LeaseState[] = [];
    const last = () => states.at(-1);
    let isWanted = false;
    const isHolder = () => {
      const state = last();
      const may = isWanted && host.process === process && state?.kind === "held";
      return may && isBefore(state.until, process.clock);
    };
    const want = (wanted: boolean) => {
      isWanted = wanted;
      lease.want(wanted);
    };
    const stop = () => {
      isWanted = false;
      return lease.stop();
    };
    lease.start(nodeId, (state) => void states.push(state));
    const contender = { ...machine, lease: { want, stop }, states, isHolder, last };
    this.contenders.push(contender);
    return contender;
  }

  holders(): readonly Contender[] {
    return this.contenders.filter((one) => one.isHolder());
  }

  /** Lets time pass, event by event. */
  override async pass(ms: number): Promise<void> {
    await this.until(() => false, ms);
  }

  /** Lets time pass until the condition holds; how much of it did, at most `ms`. */
  async until(condition: () => boolean, ms: number): Promise<number> {
    const startMs = this.world.nowMs;
    await this.world.runUntil(startMs + ms, () => {
      const { length } = this.holders();
      if (length > 1) throw new Error(`${length} hold the lease at ${this.world.nowMs} ms`);
      return condition();
    });
    if (!condition()) await this.world.run(startMs + ms);
    return this.world.nowMs - startMs;
  }
}

/** All of them want it, and one has it. */
export async function contest(...names: readonly string[]) {
  const all = new Contest();
  const contenders = names.map((name) => all.add(name));
  await all.pass(100);
  for (const { lease } of contenders) lease.want(true);
  await all.until(() => all.holders().length === 1, 5_000);
  const [holder] = all.holders();
  const other = contenders.find((one) => one !== holder);
  if (!holder || !other) throw new Error("nobody holds the lease");
  return { all, holder, other, contenders };
}

export function nameOf({ host }: Contender): string {
  return host.name;
}
