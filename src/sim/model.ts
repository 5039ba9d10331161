/**
 * The constants of the world, with unit and source. Lengths are pixels of the reference tank,
 * durations ticks, energies the model's unit. "TW" is the reference world, mbolaris/tank at
 * 69b0b494; "ours" marks a choice of this model, with its reason in docs/model.md.
 */

/** Changes whenever the same state and commands could lead to another future or another layout. */
export const ENGINE_VERSION = 2;

/**
 * The tank (TW core/config/display.py). Area grows in proportion to founders above the reference.
 */
export const TANK_WIDTH = 1088;
export const TANK_HEIGHT = 612;
/** Founders, and population cap, of a tank of the reference size (TW max_population). */
export const FISH_REFERENCE = 100;
/** Largest tank: 10,000 times the reference area. Ours; it bounds positions on the wire. */
export const FOUNDERS_MAX = 1_000_000;
/** Half of the 50×50 box that every mover has for contact (TW). */
export const BODY_HALF = 25;
/** Fish keep this clear of the surface (TW). */
export const SURFACE_CLEARANCE = 20;
/** Cell of the uniform grid (TW core/spatial/grid.py). */
export const GRID_CELL = 150;

/** Life stages in ticks of age (TW). */
export const BABY_TICKS = 600;
export const JUVENILE_TICKS = 900;
/** Adult life at lifespan_modifier 1; its last quarter is the elder stage. Ours. */
export const ADULT_TICKS = 1800;
export const ELDER_SHARE = 0.25;
/** Founders' ages are spread over this many ticks, so that a new tank has adults. Ours. */
export const FOUNDER_AGE_TICKS = 1800;

/** Energy (TW core/config/fish.py). */
export const CAPACITY_PER_SIZE = 150;
export const BANK_CAPACITIES = 3;
export const FOUNDER_ENERGY_RATIO = 0.5;
export const CRITICAL_RATIO = 0.12;
export const LOW_RATIO = 0.25;
export const SAFE_RATIO = 0.4;

/** Burn per tick (TW core/energy/energy_component.py). */
export const BURN_EXISTENCE = 0.025;
export const BURN_METABOLISM = 0.035;
export const BURN_SWIM = 0.08;
export const BURN_SPRINT = 0.18;
/** Share of the top speed above which swimming becomes sprinting. */
export const SPRINT_RATIO = 0.7;
export const BABY_BURN = 0.5;
export const ELDER_BURN = 1.5;
/** Turning costs when 1 − cos(turn) is above the threshold. */
export const TURN_THRESHOLD = 0.1;
export const TURN_COST = 0.08;

/** Swimming (TW core/movement_strategy.py). Pixels per tick. */
export const BASE_SPEED = 2.2;
export const SPEED_MAX = 5.28;
export const SMOOTHING = 0.1;
/** A fish slower than this gets a kick of the given share of its top speed. */
export const STALL_SPEED = 0.1;
export const KICK_RATIO = 0.3;

/** Looking for food (TW core/algorithms/composable). Ranges by hunger, in pixels. */
export const SIGHT_CRITICAL = 580;
export const SIGHT_HUNGRY = 300;
export const SIGHT_SATED = 180;
export const FOOD_DISTANCE_DISCOUNT = 0.02;
export const PREDICTION_FLOOR = 0.3;
export const URGENCY_CRITICAL = 1.5;
export const URGENCY_LOW = 1.25;
/** Scales pursuit so that speed is a trade and not always the top. Ours. */
export const PURSUIT_EFFORT = 0.75;

/** Crabs further than this frighten nobody (TW). A frozen fish that is not close drifts off. */
export const THREAT_RANGE = 200;
export const FREEZE_DRIFT = 0.2;
/**
 * Means of the priority genes: a priority stretches the range of its layer relative to them. Ours.
 */
export const THREAT_PRIORITY_MEAN = 0.8;
export const FOOD_PRIORITY_MEAN = 0.725;
export const SOCIAL_PRIORITY_MEAN = 0.2865;

/** Ways to approach food (TW): factors on the speed of pursuit. */
export const CIRCLE_STRIKE = 1.3;
export const ORBIT_EFFORT = 0.8;
export const CIRCLE_SPEED_MEAN = 0.1;
export const AMBUSH_STRIKE = 1.5;
export const AMBUSH_CREEP = 0.3;
export const AMBUSH_REPOSITION = 0.6;
/** Of which a patient fish waits the larger share. Ours. */
export const AMBUSH_CYCLE_TICKS = 60;

/** Looking for a game (TW): factor on min_energy_for_poker, and speed away from players. */
export const POKER_BOLDNESS = 0.9;
export const POKER_AVOID_EFFORT = 0.5;

/** Factor on base_speed_multiplier where no food is pursued, by hunger (TW). */
export const CRUISE_CRITICAL = 1.2;
export const CRUISE_LOW = 1;
export const CRUISE_COMFORTABLE = 0.8;

/** Schooling and wandering (TW composable behaviour). */
export const SCHOOL_RADIUS_FACTOR = 2;
export const SEPARATION_WEIGHT = 0.5;
/** What a tight school makes of cohesion and separation. Ours. */
export const TIGHT_COHESION = 2;
export const TIGHT_SEPARATION = 0.5;
/** Wandering is faster the hungrier (TW): below these shares of capacity. */
export const WANDER_HUNGRY_RATIO = 0.2;
export const WANDER_PECKISH_RATIO = 0.35;
export const WANDER_HUNGRY = 0.7;
export const WANDER_PECKISH = 0.55;
export const WANDER_COMFORTABLE = 0.35;
/** Largest change of the wander heading per tick and axis. Ours. */
export const WANDER_JITTER = 0.15;

/** Food (TW core/config/food.py). `sink` multiplies SINK_ACCELERATION; `weight` sums to 1. */
export const FOOD_KINDS = [
  { name: "algae", energy: 65, weight: 0.35, sink: 0.5 },
  { name: "protein", energy: 100, weight: 0.25, sink: 1.2 },
  { name: "vitamin", energy: 120, weight: 0.2, sink: 0.9 },
  { name: "energy", energy: 100, weight: 0.15, sink: 1.0 },
  { name: "rare", energy: 150, weight: 0.05, sink: 1.1 },
  { name: "live", energy: 100, weight: 0, sink: 0 },
  { name: "nectar", energy: 50, weight: 0, sink: 0 },
] as const;
export const LIVE_KIND = 5;
export const NECTAR_KIND = 6;
/** No item holds more. */
export const FOOD_ENERGY_MAX = FOOD_KINDS.reduce((most, { energy }) => Math.max(most, energy), 0);
/** Share of spawns that are live food. */
export const LIVE_SHARE = 0.4;
/** px/tick². */
export const SINK_ACCELERATION = 0.01;
/** Energy that one bite takes, per unit of the eater's size. */
export const BITE_PER_SIZE = 20;
/** Contact with food: its centre lies in the fish's 50×50 box. */
export const CONTACT = BODY_HALF;
export const FOOD_SURFACE_MIN = 10;
export const FOOD_SURFACE_MAX = 50;
export const FOOD_SIDE_MARGIN = 50;
/**
 * Dropped food falls closed, px/tick, and opens at a random depth down to this share of the height;
 * live food hatches in the same range. Ours: food that opens at the surface never leaves it.
 */
export const PELLET_FALL = 3;
export const FOOD_DEPTH_SHARE = 0.75;
export const FOOD_INTERVAL_TICKS = 36;
/** Total fish energy of a reference tank below which (first two) or above which food is scaled. */
export const ENERGY_STARVED = 2800;
export const ENERGY_LOW = 5000;
export const ENERGY_HIGH = 5200;
export const ENERGY_FULL = 7500;
export const CROWD = 80;
export const CROWD_DENSE = 90;
/** Items that a reference tank can hold; spawning pauses and feeding is refused beyond. Ours. */
export const FOOD_MAX = 200;
export const FOOD_AT_START = 8;
export const LIVE_SPEED_MAX = 1.4;
export const LIVE_TICKS = 900;
export const LIVE_NUDGE_MIN_TICKS = 20;
export const LIVE_NUDGE_SPAN_TICKS = 26;
export const LIVE_NUDGE = 0.5;
export const LIVE_FEAR = 80;
export const LIVE_FLEE = 0.5;

/** Reproduction (TW core/reproduction). */
export const MATE_ENERGY_RATIO = 0.5;
export const MATE_DISTANCE = 60;
export const BIRTH_ENERGY = 75;
export const BIRTH_JITTER = 30;
export const ASEXUAL_ENERGY_RATIO = 0.95;
/**
 * After a game: least energy of the winner, reach of a mate, the winner's share of the genes, the
 * price.
 */
export const POKER_BIRTH_ENERGY_RATIO = 0.7;
export const POKER_MATE_DISTANCE = 80;
export const POKER_WINNER_SHARE = 0.7;
export const POKER_BIRTH_SHARE = 0.15;
/**
 * Price of a child by the share of fish that live like its parent, once there are that many (TW).
 */
export const NICHE_FISH_MIN = 10;
export const NICHE_COST_MIN = 0.6;
export const NICHE_COST_SLOPE = 1.2;
export const NICHE_COST_MAX = 1.8;
/** Up to this share a way of life is rare (ours); the rare mate with a tenth less energy (TW). */
export const RARE_SHARE = 0.05;
export const RARE_DISCOUNT = 0.9;

/**
 * Diversity (TW core/ecosystem_stats.py): so many distinct behaviours are all that can be wished.
 */
export const DIVERSE_BEHAVIOURS = 50;
/**
 * Adaptive mutation (TW): begins below the second when falling, ends at the third, strongest below
 * the first.
 */
export const DIVERSITY_CRITICAL = 0.12;
export const DIVERSITY_LOW = 0.2;
export const DIVERSITY_ENOUGH = 0.25;
export const MUTATION_BOOST_LOW = 2;
export const MUTATION_BOOST_CRITICAL = 3;
export const MUTATION_RATE_MAX = 0.35;
export const MUTATION_STRENGTH_MAX = 0.25;
/** Ticks between two measurements. Ours. */
export const DIVERSITY_INTERVAL_TICKS = 100;

/** Mutation (TW core/genetics/trait.py). Strength is a share of the gene's range. */
export const MUTATION_RATE = 0.15;
export const MUTATION_STRENGTH = 0.15;
/**
 * A choice of behaviour switches with this probability (TW), twice that when the species is in
 * danger.
 */
export const SWITCH_RATE = 0.08;
/** How genes mutate when nothing is special. */
export const MUTATION = {
  rate: MUTATION_RATE,
  strength: MUTATION_STRENGTH,
  switching: SWITCH_RATE,
} as const;
export const META_MIN = 0.4;
export const META_MAX = 3;
export const META_FOUNDER_MIN = 0.7;
export const META_FOUNDER_MAX = 1.4;
export const META_MUTATION_RATE = 0.1;
export const META_MUTATION_SIGMA = 0.08;
/** Founders' hgt_probability, and the probability with which it drifts (TW). */
export const TRANSFER_FOUNDER_MAX = 0.2;
export const TRANSFER_MUTATION_RATE = 0.15;

/** Memory (TW core/agent_memory.py). Places per kind: 10 there, 4 here, see docs/model.md. */
export const MEMORY_KINDS = ["food", "danger", "mate", "table", "feeder"] as const;
export const MEMORY_PLACES = 4;
export const MEMORY_CELLS = MEMORY_KINDS.length * MEMORY_PLACES;
/**
 * A place is forgotten after so many ticks, fades (0.001 per 10 ticks), and takes in what is near.
 */
export const MEMORY_TICKS = 1800;
export const MEMORY_DECAY_PER_TICK = 0.0001;
export const MEMORY_MERGE = 50;
/** Strength of a new place, and what each renewal adds, up to 1. Ours. */
export const MEMORY_FIRST = 0.5;
export const MEMORY_RENEWAL = 0.1;
/** Places so close to a remembered danger are avoided. Ours. */
export const DANGER_RADIUS = 120;

/** Learning at poker (TW core/poker): information sets and the actions that each weighs. */
export const INFORMATION_SETS = 50;
export const POKER_ACTIONS = 4;
export const REGRET_CELLS = INFORMATION_SETS * POKER_ACTIONS;

/** How a fish came into the world. The order is the wire's. */
export const ORIGINS = [
  "founder",
  "sexual",
  "asexual",
  "banked",
  "poker",
  "emergency",
  "visitor",
] as const;
export type Origin = (typeof ORIGINS)[number];

/** Emergency spawns (TW): at most one per reference tank and interval. */
export const EMERGENCY_INTERVAL_TICKS = 180;
export const EMERGENCY_CERTAIN = 10;
export const EMERGENCY_SPAN = 90;
export const EMERGENCY_CHANCE = 0.3;
export const EMERGENCY_MARGIN = 100;
/** Weights of energy and of rarity in choosing the parent (TW). */
export const EMERGENCY_ENERGY_WEIGHT = 0.7;
export const EMERGENCY_RARITY_WEIGHT = 0.3;

/**
 * Ticks of one fast-forward: four days at 30 ticks/s, and some minutes of CPU with 50 fish (13 µs a
 * tick). Ours; it bounds what one command can make a machine do.
 */
export const FAST_FORWARD_TICKS_MAX = 10_000_000;
