import { DRIVE } from "../behaviour/drive.ts";
import { KICK_RATIO, SMOOTHING, STALL_SPEED, TURN_COST, TURN_THRESHOLD } from "../model.ts";

/**
 * Turns wishes into velocities: a tenth of the way per tick, never above the top speed; a stalled
 * fish gets a kick along its heading, one that stands at food stops. Sharp turns cost energy:
 * returns how much in all.
 */
export function steerFish(
  count: number,
  drive: Uint8Array,
  wishX: Float64Array,
  wishY: Float64Array,
  headingX: Float64Array,
  headingY: Float64Array,
  maxSpeed: Float64Array,
  size: Float64Array,
  vx: Float64Array,
  vy: Float64Array,
  energy: Float64Array,
): number {
  let spent = 0;
  for (let i = 0; i < count; i++) {
    if (drive[i] === DRIVE.resting) {
      vx[i] = 0;
      vy[i] = 0;
      continue;
    }
    const oldX = vx[i];
    const oldY = vy[i];
    let newX = oldX + SMOOTHING * (wishX[i] - oldX);
    let newY = oldY + SMOOTHING * (wishY[i] - oldY);
    let speed = Math.sqrt(newX * newX + newY * newY);
    const top = maxSpeed[i];
    if (speed < STALL_SPEED) {
      speed = KICK_RATIO * top;
      newX = headingX[i] * speed;
      newY = headingY[i] * speed;
    } else if (speed > top) {
      newX *= top / speed;
      newY *= top / speed;
      speed = top;
    }
    vx[i] = newX;
    vy[i] = newY;
    const cost = turnCost(oldX, oldY, newX, newY, speed, size[i]);
    if (cost === 0) continue;
    const had = energy[i];
    energy[i] = Math.max(0, had - cost);
    spent += Math.min(had, cost);
  }
  return spent;
}

function turnCost(
  oldX: number,
  oldY: number,
  newX: number,
  newY: number,
  newSpeed: number,
  size: number,
): number {
  const oldSpeed = Math.sqrt(oldX * oldX + oldY * oldY);
  if (oldSpeed === 0) return 0;
  const turn = 1 - (oldX * newX + oldY * newY) / (oldSpeed * newSpeed);
  return turn > TURN_THRESHOLD ? TURN_COST * turn * size * Math.sqrt(size) : 0;
}
