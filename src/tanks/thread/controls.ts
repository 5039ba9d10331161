import type { Command } from "../../sim/types.ts";

/** How a tank's clock goes: set by commands, and no part of its world. */
export interface Controls {
  readonly paused: boolean;
  /** Ticks per second; 0 = as fast as it goes. */
  readonly tickRate: number;
  /** The tick up to which the tank goes as fast as it can, whatever the others say. */
  readonly fastForwardTo: number | undefined;
}

/**
 * The controls after a command that was applied before tick `tick`. It is the same live and on a
 * replay, so a fast-forward that a crash interrupts goes on to the very tick that it was to reach.
 *
 * - `fast_forward` runs its ticks also where the tank is paused: one tick is a single step. One
 *   that comes while another is under way adds its ticks to those that are still to come.
 * - `pause` ends a fast-forward where it is: what says stop, stops.
 * - `resume` and `set_tick_rate` leave it alone and say how the tank goes on afterwards.
 */
export function steer(controls: Controls, command: Command, tick: number): Controls {
  switch (command.kind) {
    case "pause":
      return { ...controls, paused: true, fastForwardTo: undefined };
    case "resume":
      return { ...controls, paused: false };
    case "set_tick_rate":
      return { ...controls, tickRate: command.ticksPerSecond };
    case "fast_forward":
      return { ...controls, fastForwardTo: (controls.fastForwardTo ?? tick) + command.ticks };
    default:
      return controls;
  }
}

/** The controls of a tank that has come to `tick`: a fast-forward ends there, or goes on. */
export function arrive(controls: Controls, tick: number): Controls {
  const { fastForwardTo } = controls;
  if (fastForwardTo === undefined || tick < fastForwardTo) return controls;
  return { ...controls, fastForwardTo: undefined };
}
