import { SimulationFault, sumOf } from "./ledger.ts";
import type { Tank } from "./tank.ts";

/**
 * Where energy comes from and where it goes: double entry. Every system books each amount that it
 * moves under one cause; each cause runs from one account to another. `world` is everything outside
 * of the tank: what it gives enters, what it gets is spent. After the founding, each command and
 * each tick every account must hold what it held before plus what was booked: see {@link
 * checkEnergy}.
 *
 * How to book: `book(tank.scratch.flows, CAUSE.x, amount)`, or let a kernel that moves energy for
 * many add to a sum and book that once. Amounts are finite and not negative.
 */
const ACCOUNTS = ["world", "fish", "food", "plants", "feeders", "crabs"] as const;
export type Account = (typeof ACCOUNTS)[number];

function cause<const N extends string>(name: N, from: Account, to: Account) {
  return { name, from, to };
}

/** Energy and bank of a fish are one account. The order is the state's: add at the end only. */
export const CAUSES = [
  cause("founding", "world", "fish"),
  cause("emergency", "world", "fish"),
  cause("visitors", "world", "fish"),
  cause("arrival", "world", "fish"),
  cause("departure", "fish", "world"),
  cause("existence", "fish", "world"),
  cause("metabolism", "fish", "world"),
  cause("movement", "fish", "world"),
  cause("turning", "fish", "world"),
  cause("predation_loss", "fish", "world"),
  cause("old_age", "fish", "world"),
  cause("house_cut", "fish", "world"),
  cause("poker_from_plants", "plants", "fish"),
  cause("poker_to_plants", "fish", "plants"),
  cause("bites", "food", "fish"),
  cause("overflow", "fish", "food"),
  cause("food_spawn", "world", "food"),
  cause("food_fed", "world", "food"),
  cause("food_lost", "food", "world"),
  cause("nectar", "plants", "food"),
  cause("dispensed", "feeders", "food"),
  cause("recharge", "world", "feeders"),
  cause("photosynthesis", "world", "plants"),
  cause("plant_burn", "plants", "world"),
  cause("plant_death", "plants", "world"),
  cause("sprouting", "world", "plants"),
  cause("crab_bites", "food", "crabs"),
  cause("predation", "fish", "crabs"),
  cause("crab_burn", "crabs", "world"),
  cause("crab_arrival", "world", "crabs"),
  cause("crab_grant", "world", "crabs"),
  /** Surplus beyond what a plant or crab can hold. */
  cause("plant_surplus", "plants", "world"),
  cause("crab_surplus", "crabs", "world"),
  cause("plant_arrival", "world", "plants"),
  cause("plant_departure", "plants", "world"),
  /** The house's share of what a plant wins. */
  cause("plant_house_cut", "plants", "world"),
  /** What is left in the bank of those who starve. */
  cause("starvation", "fish", "world"),
  /** All that changed hands at poker tables. */
  cause("poker_stakes", "fish", "fish"),
] as const;

type CauseName = (typeof CAUSES)[number]["name"];

/** Column of each cause. */
export const CAUSE = Object.fromEntries(CAUSES.map(({ name }, index) => [name, index])) as {
  readonly [N in CauseName]: number;
};

/** What comes and goes with travellers. */
export const TRAFFIC = [
  CAUSE.arrival,
  CAUSE.departure,
  CAUSE.plant_arrival,
  CAUSE.plant_departure,
] as const;

/** Causes that fit before the layout of the state must change. */
export const FLOW_CELLS = 48;

/** What rounding may add, as a share of what ever flowed. */
const TOLERANCE = 1e-12;
/** Over a whole life the rounding adds up: to 7e-14 of what has flowed in a million ticks. */
const TOLERANCE_OF_LIFE = 1e-9;

/** Notes that `amount` moved for `cause`. */
export function book(flows: Float64Array, cause: number, amount: number): void {
  flows[cause] = flows[cause] + amount;
}

/** Everything that was ever booked in this tank, by cause. */
export function flowsOf(tank: Tank): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [index, { name }] of CAUSES.entries()) {
    total[name] = tank.arena.flows[index];
  }
  return total;
}

/**
 * Notes what the accounts hold and what has flowed, for {@link checkEnergy} at the end of a tick or
 * command.
 */
export function openBooks(tank: Tank): void {
  tank.scratch.flowsBefore.set(tank.arena.flows);
  measureAccounts(tank, tank.scratch.heldBefore);
}

/** Throws {@link SimulationFault} when an account does not hold what was booked. */
export function checkEnergy(tank: Tank, tolerance = TOLERANCE): void {
  const { heldBefore, held, flowsBefore } = tank.scratch;
  const { flows } = tank.arena;
  let ever = 1;
  for (let cause = 0; cause < CAUSES.length; cause++) {
    const total = flows[cause];
    const amount = total - flowsBefore[cause];
    const from = FROM[cause];
    const to = TO[cause];
    heldBefore[from] = heldBefore[from] - amount;
    heldBefore[to] = heldBefore[to] + amount;
    ever += total;
  }
  measureAccounts(tank, held);
  for (let account = 1; account < ACCOUNTS.length; account++) {
    const off = held[account] - heldBefore[account];
    if (Math.abs(off) <= tolerance * ever + tolerance * 1e6) continue;
    const what = `energy of ${ACCOUNTS[account]} is off by ${off}`;
    throw new SimulationFault(`tick ${tank.tick}: ${what}`);
  }
}

/** The same for all that ever flowed, of a tank whose books were never opened. */
export function checkEnergyOfLife(tank: Tank): void {
  checkEnergy(tank, TOLERANCE_OF_LIFE);
}

/**
 * Cause under which a forked world's accounts are filled, in the order of {@link ACCOUNTS} after
 * the world.
 */
const FOUNDED_BY = [
  CAUSE.founding,
  CAUSE.food_spawn,
  CAUSE.sprouting,
  CAUSE.recharge,
  CAUSE.crab_arrival,
] as const;

/** Begins the books anew: what the accounts hold is all that ever flowed. */
export function foundBooks(tank: Tank): void {
  const { held, flows } = tank.scratch;
  measureAccounts(tank, held);
  flows.fill(0);
  for (const [index, cause] of FOUNDED_BY.entries()) book(flows, cause, held[index + 1]);
}

/** Accounts of each cause. */
const FROM = Uint8Array.from(CAUSES, ({ from }) => ACCOUNTS.indexOf(from));
const TO = Uint8Array.from(CAUSES, ({ to }) => ACCOUNTS.indexOf(to));
export const ACCOUNT_COUNT = ACCOUNTS.length;

function measureAccounts(tank: Tank, held: Float64Array): void {
  const { fish, food, plants, feeders, crabs, counters } = tank;
  held[0] = 0;
  held[1] = sumOf(fish.energy, counters.fish) + sumOf(fish.bank, counters.fish);
  held[2] = sumOf(food.energy, counters.food) + sumOf(food.closed, counters.food);
  held[3] = sumOf(plants.energy, counters.plants) + sumOf(plants.nectar, counters.plants);
  held[4] = sumOf(feeders.stock, counters.feeders) + sumOf(feeders.morsel, counters.feeders);
  held[5] = sumOf(crabs.energy, counters.crabs);
}
