/**
 * The constants of what shares the tank with the fish: light, plants, crabs, feeders. Units and
 * sources as in model.ts: pixels, ticks, the model's energy; "TW" is the reference world, "ours" a
 * choice of this model with its reason in docs/model.md.
 */

/** Day and night (TW core/time_system.py). Times are shares of the cycle: 0.25 is sunrise. */
export const DAY_TICKS = 1800;
export const ACTIVITY_MEAN = 0.75;
export const ACTIVITY_SWING = 0.25;
export const BRIGHTNESS_MEAN = 0.7;
export const BRIGHTNESS_SWING = 0.3;
export const BRIGHTNESS_FLOOR = 0.4;
/** Factor on the sight of food by night, and the ramps between night and day. */
export const NIGHT_SIGHT = 0.55;
export const DAWN_SIGHT = [0.2, 0.35] as const;
export const DUSK_SIGHT = [0.65, 0.8] as const;
/** Night lasts until the first and from the second of `night`; day fills `day`. */
export const TWILIGHT = { night: [0.15, 0.85], day: [0.35, 0.65] } as const;

/** Plants (TW core/plant, core/config/plants.py). */
export const PLANT_SPOTS = 25;
export const PLANTS_AT_START = 13;
export const PLANT_SIDE_MARGIN = 160;
export const PLANT_CAPACITY = 600;
export const PLANT_START_ENERGY = 600;
export const SPROUT_ENERGY = 30;
export const SPROUT_CHANCE = 0.5;
export const SPROUT_DISTANCE = 200;
/** Size at no energy and at capacity, of 60×65 px. */
export const PLANT_SIZE_MIN = 0.3;
export const PLANT_WIDTH = 60;
export const PLANT_HEIGHT = 65;
/** Gain per tick: base × growth × light × this × crowding, at least the floor. */
export const PLANT_GAIN = 2.5;
/** TW's is 0.5, which nearly always binds and makes light and crowding idle. Ours. */
export const PLANT_GAIN_FLOOR = 0.05;
/** Growth factor: from the first to the second up to `YOUNG_RATIO` of capacity, then 1 to 1.5. */
export const PLANT_YOUNG_RATIO = 0.3;
export const PLANT_YOUNG_GROWTH = [3, 1.5] as const;
export const PLANT_GROWN_GROWTH = [1, 1.5] as const;
export const LIGHT_BY_PHASE = { day: 1, dawn: 0.7, dusk: 0.7, night: 0.3 } as const;
/** By occupied neighbouring spots: none, one, two. */
export const CROWDING = [1, 0.75, 0.5] as const;
export const NECTAR_RATIO = 0.9;
export const NECTAR_ENERGY = 50;
export const NECTAR_WAIT_TICKS = 600;
export const NECTAR_FIRST_WAIT_TICKS = 300;
/** Baseline poker strategies that a plant can have (TW). */
export const PLANT_STRATEGIES = 13;
/** Emergency sprouts: below this many plants per reference area, one at most every interval. */
export const PLANTS_MIN = 2;
export const PLANT_EMERGENCY_INTERVAL_TICKS = 300;
/** Mean life of a plant: five days. Deaths free the spots on which sprouts compete. Ours. */
export const PLANT_LIFE_TICKS = 9000;
/** A spot this near to a wall is at the edge: its plant may migrate. Spots from the wall. Ours. */
export const EDGE_SPOTS = 2;
/** Mutation on sprouting: probability and strength (share of a gene's range), as for fish. Ours. */
export const PLANT_MUTATION_RATE = 0.15;
export const PLANT_MUTATION_STRENGTH = 0.15;
/** A sprout plays its parent's poker strategy, and another one with this probability. Ours. */
export const PLANT_STRATEGY_MUTATION = 0.05;

/**
 * Size of a food item of which nothing is left, relative to a whole one (TW
 * core/entities/resources.py).
 */
export const FOOD_SIZE_MIN = 0.2;

/** Crabs (TW core/entities/predators.py). */
export const CRABS_REFERENCE = 1;
export const CRAB_X = 250;
/** Height above the floor at which a crab patrols: y = 542 of 612. */
export const CRAB_ABOVE_FLOOR = 70;
export const CRAB_CAPACITY = 150;
export const CRAB_SPEED = 1.5;
export const CRAB_BURN = 0.01;
export const CRAB_KILL_GAIN = 60;
export const CRAB_COOLDOWN_TICKS = 15;
/** Founders' sizes. Ours; TW gives its one crab a random genome. */
export const CRAB_SIZE = [0.8, 1.2] as const;
/** A crab turns back between the walls with this probability per tick. Ours. */
export const CRAB_TURN = 0.002;
/** A fish that starves within this many ticks of touching a crab counts as its prey. */
export const CRAB_WOUND_TICKS = 150;

/**
 * Feeders (TW core/entity_factory.py). `reach` and `dwell` say how near and how long fish must be.
 */
export const FEEDER_KINDS = [
  {
    name: "algae_reef",
    stock: 240,
    recharge: 0.25,
    morsel: 12,
    cooldown: 30,
    reach: 72,
    dwell: 0,
    place: 0.3,
  },
  {
    name: "protein_grotto",
    stock: 180,
    recharge: 0.12,
    morsel: 18,
    cooldown: 45,
    reach: 58,
    dwell: 60,
    place: 0.72,
  },
] as const;
/** Height of a feeder's mouth above the floor. Ours. */
export const FEEDER_ABOVE_FLOOR = 60;
