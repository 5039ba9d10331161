import { GENE, TRAIT_CELLS } from "../heredity/genes.ts";
import {
  WANDER_COMFORTABLE,
  WANDER_HUNGRY,
  WANDER_HUNGRY_RATIO,
  WANDER_JITTER,
  WANDER_PECKISH,
  WANDER_PECKISH_RATIO,
} from "../model.ts";
import { diceUnit, rollDice } from "../state/rng.ts";
import { DRIVE } from "./drive.ts";
import { cruiseEffort, hungerOf } from "./effort.ts";

const { cruise } = GENE;

/**
 * The last layer: fish that nothing draws drift along their heading, which turns a little each
 * tick.
 */
export function wander(
  count: number,
  size: Float64Array,
  energy: Float64Array,
  maxSpeed: Float64Array,
  traits: Float32Array,
  headingX: Float64Array,
  headingY: Float64Array,
  dice: Uint32Array,
  wishX: Float64Array,
  wishY: Float64Array,
  drive: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    if (drive[i] !== DRIVE.idle) continue;
    drive[i] = DRIVE.wander;
    const first = rollDice(dice[i]);
    const second = rollDice(first);
    dice[i] = second;
    const hx = headingX[i] + WANDER_JITTER * (2 * diceUnit(first) - 1);
    const hy = headingY[i] + WANDER_JITTER * (2 * diceUnit(second) - 1);
    // The jitter is far shorter than the unit heading, so the sum is never zero.
    const length = Math.sqrt(hx * hx + hy * hy);
    headingX[i] = hx / length;
    headingY[i] = hy / length;
    const hunger = hungerOf(energy[i], size[i]);
    const pace = traits[i * TRAIT_CELLS + cruise];
    const speed = maxSpeed[i] * cruiseEffort(pace, hunger) * wanderEffort(hunger);
    wishX[i] = headingX[i] * speed;
    wishY[i] = headingY[i] * speed;
  }
}

/** The hungry search faster (TW). */
function wanderEffort(hunger: number): number {
  if (hunger < WANDER_HUNGRY_RATIO) return WANDER_HUNGRY;
  return hunger < WANDER_PECKISH_RATIO ? WANDER_PECKISH : WANDER_COMFORTABLE;
}
