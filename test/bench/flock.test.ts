import { expect, test } from "bun:test";
import { type Flock, type FlockSpec, makeFlock, stepFlock } from "../../bench/flock.ts";

/** Places and velocities of all birds in the lengths of the specification. */
interface Birds {
  readonly x: number[];
  readonly y: number[];
  readonly vx: number[];
  readonly vy: number[];
}

function birdsOf({ x, y, vx, vy, unit }: Flock): Birds {
  const scaled = (places: Float64Array) => Array.from(places, (place) => place / unit);
  return { x: scaled(x), y: scaled(y), vx: [...vx], vy: [...vy] };
}

/** The specification word by word: every pair, the nearest image on the torus. */
function flyPlainly(birds: Birds, { size, radius }: FlockSpec, bird: number): void {
  const { x, y, vx, vy } = birds;
  const at = (values: number[], index: number) => values[index] as number;
  const nearest = (d: number) => (d > size / 2 ? d - size : d < -size / 2 ? d + size : d);
  let near = 0;
  let [wishX, wishY] = [0, 0];
  for (let other = 0; other < x.length; other++) {
    const dx = nearest(at(x, other) - at(x, bird));
    const dy = nearest(at(y, other) - at(y, bird));
    const distance = Math.sqrt(dx * dx + dy * dy);
    if (other === bird || distance > radius) continue;
    const pull = distance < 1 ? 0.03 - 0.015 : 0.03;
    near += 1;
    wishX += pull * dx + 0.05 * at(vx, other);
    wishY += pull * dy + 0.05 * at(vy, other);
  }
  const newX = at(vx, bird) + wishX / Math.max(1, near);
  const newY = at(vy, bird) + wishY / Math.max(1, near);
  const length = Math.sqrt(newX * newX + newY * newY);
  vx[bird] = newX / length;
  vy[bird] = newY / length;
  x[bird] = (at(x, bird) + newX / length + size) % size;
  y[bird] = (at(y, bird) + newY / length + size) % size;
}

/** Distance on the circle that an edge of the torus is. */
function apart(one: number, other: number, size: number): number {
  const d = Math.abs(one - other);
  return Math.min(d, size - d);
}

test.each([
  { birds: 200, size: 100, radius: 5 },
  { birds: 400, size: 150, radius: 15 },
  { birds: 60, size: 20, radius: 4 },
])("a flock on the grid flies as the specification says: %j", (spec) => {
  const flock = makeFlock(spec, 7);
  for (let step = 0; step < 40; step++) {
    const plain = birdsOf(flock);
    stepFlock(flock);
    for (const turn of flock.order) flyPlainly(plain, spec, flock.grid.slots[turn] as number);
    const fast = birdsOf(flock);
    for (let bird = 0; bird < spec.birds; bird++) {
      const [x, y] = [plain.x[bird] as number, plain.y[bird] as number];
      expect(apart(fast.x[bird] as number, x, spec.size)).toBeLessThan(1e-9);
      expect(apart(fast.y[bird] as number, y, spec.size)).toBeLessThan(1e-9);
      expect(fast.x[bird] as number).toBeWithin(0, spec.size);
      expect(fast.y[bird] as number).toBeWithin(0, spec.size);
    }
  }
});

test("a radius that reaches around the torus is refused", () => {
  expect(() => makeFlock({ birds: 5, size: 10, radius: 5 }, 1)).toThrow(RangeError);
});
