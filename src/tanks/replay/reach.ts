import { duration } from "../../platform/durations.ts";
import type { TankRow } from "../../store/rows.ts";
import { FORK_SEQ } from "../snapshots/base-snapshot.ts";
import type { Origin } from "./origins.ts";

/** The ticks of a tank's past that can be viewed. */
export interface Reach {
  readonly fromTick: number;
  readonly toTick: number;
  /** Ticks per second, to express ticks as time; 0: as fast as possible. */
  readonly tickRate: number;
}

/** `back to tick 1,200: 108,000 ticks, 60 min at 30 a second` */
export function describeReach({ fromTick, toTick, tickRate }: Reach): string {
  const ticks = Math.max(0, toTick - fromTick);
  const time = tickRate > 0 ? `, ${duration(ticks / tickRate)} at ${tickRate} a second` : "";
  return `back to tick ${grouped(fromTick)}: ${grouped(ticks)} ticks${time}`;
}

/** Whether this is the state in which the tank was created. */
export function isBeginning({ origin }: TankRow, { seq }: Origin): boolean {
  return seq === (origin === "forked" ? FORK_SEQ : 0);
}

function grouped(ticks: number): string {
  return ticks.toLocaleString("en");
}
