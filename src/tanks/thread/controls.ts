import type { Command } from "../../sim/types.ts";

/** The controls of a tank's clock: set by commands, and no part of its world. */
export interface Controls {
  readonly paused: boolean;
  /** Ticks per second; 0 = as fast as possible. */
  readonly tickRate: number;
  /** The end of a fast-forward, which overrides the other two. */
  readonly fastForwardTo: number | undefined;
}

/**
 * The controls after a command that was applied before tick `tick`. A replay computes the same, so
 * a fast-forward that a crash interrupts ends at the same tick after recovery.
 *
 * - `fast_forward` runs its ticks even in a paused tank: one tick is a single step. A second one
 *   adds its ticks to those that remain of the first.
 * - `pause` ends a fast-forward at once.
 * - `resume` and `set_tick_rate` take effect after a fast-forward.
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

/** The controls of a tank that has reached `tick`, where a fast-forward may end. */
export function arrive(controls: Controls, tick: number): Controls {
  const { fastForwardTo } = controls;
  if (fastForwardTo === undefined || tick < fastForwardTo) return controls;
  return { ...controls, fastForwardTo: undefined };
}
