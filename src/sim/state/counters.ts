/**
 * The scalars of a tank, all whole numbers but `foodCredit`. With the arena they are its whole
 * state.
 */
export interface Counters {
  /** Ticks that have passed. */
  tick: number;
  fish: number;
  food: number;
  crabs: number;
  plants: number;
  feeders: number;
  /** Counter of the last id given out here, to a fish or a plant. */
  lastId: number;
  /** Fraction of the next food item that is already due. */
  foodCredit: number;
  lastEmergencyTick: number;
  founded: number;
  born: number;
  spawned: number;
  imported: number;
  restored: number;
  starved: number;
  eaten: number;
  aged: number;
  exported: number;
  removed: number;
  /** Births by kind; the sum is `born`. */
  bornSexual: number;
  bornAsexual: number;
  bornBanked: number;
  bornPoker: number;
  /** Of those spawned, how many came in an emergency. */
  spawnedEmergency: number;
  /** As last measured, and the factor on mutation that followed: see diversity.ts. */
  diversity: number;
  mutationBoost: number;
  /** Poker games among fish, and of fish with plants. */
  gamesFish: number;
  gamesPlants: number;
  /** The plants' own ledger. */
  plantsFounded: number;
  plantsSprouted: number;
  plantsSpawned: number;
  plantsImported: number;
  plantsRestored: number;
  plantsWithered: number;
  plantsExported: number;
  lastPlantEmergencyTick: number;
}

/** The ledger of the fish before anything is booked. The order of names is that of a snapshot. */
export const NO_FISH_EVENTS = {
  founded: 0,
  born: 0,
  spawned: 0,
  imported: 0,
  restored: 0,
  starved: 0,
  eaten: 0,
  aged: 0,
  exported: 0,
  removed: 0,
  bornSexual: 0,
  bornAsexual: 0,
  bornBanked: 0,
  bornPoker: 0,
  spawnedEmergency: 0,
} as const satisfies Partial<Counters>;

/** The ledger of the plants, likewise. */
export const NO_PLANT_EVENTS = {
  plantsFounded: 0,
  plantsSprouted: 0,
  plantsSpawned: 0,
  plantsImported: 0,
  plantsRestored: 0,
  plantsWithered: 0,
  plantsExported: 0,
} as const satisfies Partial<Counters>;

/** Of a tank in which nothing has happened yet. */
export function emptyCounters(): Counters {
  return {
    tick: 0,
    fish: 0,
    food: 0,
    crabs: 0,
    plants: 0,
    feeders: 0,
    lastId: 0,
    foodCredit: 0,
    lastEmergencyTick: 0,
    ...NO_FISH_EVENTS,
    diversity: 1,
    mutationBoost: 1,
    gamesFish: 0,
    gamesPlants: 0,
    ...NO_PLANT_EVENTS,
    lastPlantEmergencyTick: 0,
  };
}

/** In the order in which snapshots and arenas hold them. */
export const COUNTER_NAMES = Object.keys(emptyCounters()) as readonly (keyof Counters)[];
