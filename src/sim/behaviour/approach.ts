import { GENE } from "../heredity/genes.ts";
import {
  AMBUSH_CREEP,
  AMBUSH_CYCLE_TICKS,
  AMBUSH_REPOSITION,
  AMBUSH_STRIKE,
  CIRCLE_SPEED_MEAN,
  CIRCLE_STRIKE,
  ORBIT_EFFORT,
} from "../model.ts";
import { FOOD_WAY } from "./ways.ts";

const { circleRadius, circleSpeed, ambushPatience, strikeDistance } = GENE;
const { zigzagAmplitude, zigzagFrequency, patrolRadius, interceptSkill } = GENE;

const RADIANS_PER_TURN = 6.283185307179586;

/**
 * How a fish goes for food that lies at (dx, dy) from it, `speed` being what it puts into it and
 * `top` the most it can: writes its wish. The ways are those of TW core/algorithms/composable.
 */
export function approach(
  fish: number,
  way: number,
  dx: number,
  dy: number,
  speed: number,
  top: number,
  ticks: number,
  traits: Float32Array,
  row: number,
  wishX: Float64Array,
  wishY: Float64Array,
): void {
  const distance = Math.sqrt(dx * dx + dy * dy);
  const aimX = distance > 0 ? dx / distance : 0;
  const aimY = distance > 0 ? dy / distance : 0;
  const side = sidestep(way, distance, ticks, traits, row);
  const pull = Math.min(top, speed * pace(way, distance, ticks, traits, row));
  // The sidestep turns the aim and does not make it longer.
  const length = Math.sqrt(1 + side * side);
  wishX[fish] = (pull * (aimX - side * aimY)) / length;
  wishY[fish] = (pull * (aimY + side * aimX)) / length;
}

/** Factor on the speed of pursuit. */
function pace(
  way: number,
  distance: number,
  ticks: number,
  traits: Float32Array,
  row: number,
): number {
  switch (way) {
    case FOOD_WAY.intercept:
      return 1.1 + 0.3 * traits[row + interceptSkill];
    case FOOD_WAY.circling: {
      const radius = traits[row + circleRadius];
      if (distance < radius) return CIRCLE_STRIKE;
      if (distance >= 2 * radius) return 1;
      return (ORBIT_EFFORT * traits[row + circleSpeed]) / CIRCLE_SPEED_MEAN;
    }
    case FOOD_WAY.ambush: {
      const strike = traits[row + strikeDistance];
      if (distance < strike) return AMBUSH_STRIKE;
      const patience = AMBUSH_CYCLE_TICKS * traits[row + ambushPatience];
      const waits = distance < 2 * strike && ticks % AMBUSH_CYCLE_TICKS < patience;
      return waits ? AMBUSH_CREEP : AMBUSH_REPOSITION;
    }
    default:
      return 1;
  }
}

/** How far to the side of the aim it goes, as the tangent of the angle. */
function sidestep(
  way: number,
  distance: number,
  ticks: number,
  traits: Float32Array,
  row: number,
): number {
  switch (way) {
    case FOOD_WAY.circling: {
      const radius = traits[row + circleRadius];
      return distance >= radius && distance < 2 * radius ? 1 : 0;
    }
    case FOOD_WAY.zigzag: {
      const turns = (ticks * traits[row + zigzagFrequency]) / RADIANS_PER_TURN;
      const phase = turns - Math.floor(turns);
      return traits[row + zigzagAmplitude] * (4 * Math.abs(phase - 0.5) - 1);
    }
    case FOOD_WAY.patrol:
      return distance > traits[row + patrolRadius] ? 0.5 : 0;
    default:
      return 0;
  }
}
