/**
 * Every gene with its bounds: the body, behaviour, poker and taste in mates
 * (TW core/genetics/physical.py, behavioral.py). The order is the wire's.
 */
export interface GeneSpec {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** What founders are drawn from; choices and steps end one above their last value. */
  readonly founders: readonly [number, number];
  /**
   * real: clamped at the bounds. step: a whole number that mutates by one. wheel: [0, 1) in a
   * circle. choice: one of several ways without an order, which mutates to any other.
   */
  readonly type: "real" | "step" | "wheel" | "choice";
  readonly behaviour: boolean;
}

function physical(name: string): GeneSpec {
  return { name, min: 0.5, max: 2, founders: [0.7, 1.3], type: "real", behaviour: false };
}

function looks(name: string, max: number, type: "real" | "step" | "wheel"): GeneSpec {
  const founders = [0, type === "step" ? max + 1 : max] as const;
  return { name, min: 0, max, founders, type, behaviour: false };
}

function scalar(name: string, min = 0, max = 1): GeneSpec {
  return { name, min, max, founders: [min, max], type: "real", behaviour: true };
}

function choice(name: string, ways: number): GeneSpec {
  return { name, min: 0, max: ways - 1, founders: [0, ways], type: "choice", behaviour: true };
}

function poker(name: string, min: number, max: number): GeneSpec {
  return { ...scalar(name, min, max), behaviour: false };
}

function taste(name: string, min: number, max: number): GeneSpec {
  return { ...scalar(name, min, max), behaviour: false };
}

const LIFE_GENES = {
  size: physical("size_modifier"),
  fin: physical("fin_size"),
  tail: physical("tail_size"),
  aspect: physical("body_aspect"),
  eye: physical("eye_size"),
  lifespan: physical("lifespan_modifier"),
  hue: looks("color_hue", 1, "wheel"),
  pattern: looks("pattern_intensity", 1, "real"),
  template: looks("template_id", 5, "step"),
  patternType: looks("pattern_type", 5, "step"),

  aggression: scalar("aggression"),
  social: scalar("social_tendency"),
  pursuitAggression: scalar("pursuit_aggression"),
  prediction: scalar("prediction_skill"),
  stamina: scalar("hunting_stamina"),
  asexual: scalar("asexual_reproduction_chance"),

  /** Which way a layer of behaviour is lived: see behaviour/ways.ts. */
  threatWay: choice("threat_response", 4),
  foodWay: choice("food_approach", 6),
  pokerWay: choice("poker_engagement", 4),
  socialWay: choice("social_mode", 4),

  fleeSpeed: scalar("flee_speed", 0.8, 1.5),
  fleeThreshold: scalar("flee_threshold", 80, 180),
  stealthSpeed: scalar("stealth_speed", 0.212, 0.5),
  freezeDistance: scalar("freeze_distance", 40, 100),
  erraticAmplitude: scalar("erratic_amplitude", 0.3, 0.8),
  pursuitSpeed: scalar("pursuit_speed", 0.9, 1.6),
  interceptSkill: scalar("intercept_skill", 0.3, 0.9),
  circleRadius: scalar("circle_radius", 32.8, 80),
  circleSpeed: scalar("circle_speed", 0.05, 0.15),
  ambushPatience: scalar("ambush_patience", 0.5, 1),
  strikeDistance: scalar("ambush_strike_distance", 20, 60),
  zigzagAmplitude: scalar("zigzag_amplitude", 0.4, 1),
  zigzagFrequency: scalar("zigzag_frequency", 0.02, 0.08),
  patrolRadius: scalar("patrol_radius", 60, 150),
  cruise: scalar("base_speed_multiplier", 0.5, 0.943),
  burstSpeed: scalar("burst_speed", 1.1, 1.7),
  burstTicks: scalar("burst_duration", 30, 86.5),
  restTicks: scalar("rest_duration", 40, 100),
  urgency: scalar("energy_urgency_threshold", 0.3, 0.6),
  socialDistance: scalar("social_distance", 30, 80),
  cohesion: scalar("cohesion_strength", 0.3, 0.8),
  alignment: scalar("alignment_strength", 0.2, 0.59),
  separation: scalar("separation_distance", 15, 40),
  followDistance: scalar("follow_distance", 20, 58.8),
  pokerSeekRadius: scalar("poker_seek_radius", 80, 175),
  pokerAvoidRadius: scalar("poker_avoid_radius", 60, 150),
  pokerMinEnergy: scalar("min_energy_for_poker", 0.565, 0.8),
  threatPriority: scalar("threat_priority", 0.6, 1),
  foodPriority: scalar("food_priority", 0.5, 0.95),
  socialPriority: scalar("social_priority", 0.1, 0.473),
  pokerPriority: scalar("poker_priority", 0.05, 0.3),
};

const POKER_GENES = {
  handSelection: { ...choice("hand_selection", 4), behaviour: false },
  bettingStyle: { ...choice("betting_style", 4), behaviour: false },
  bluffing: { ...choice("bluffing_approach", 4), behaviour: false },
  position: { ...choice("position_awareness", 3), behaviour: false },
  showdown: { ...choice("showdown_tendency", 3), behaviour: false },
  /** Hand strengths, [0, 1], from which it calls, raises, or puts everything in. */
  preflopCall: poker("preflop_call_strength", 0.1, 0.6),
  preflopRaise: poker("preflop_raise_strength", 0.4, 0.95),
  postflopCall: poker("postflop_call_strength", 0.05, 0.5),
  postflopRaise: poker("postflop_raise_strength", 0.3, 0.9),
  showdownCall: poker("showdown_call_strength", 0.1, 0.6),
  allIn: poker("all_in_strength", 0.75, 1),
  /** Raises as a share of the pot. */
  raiseSize: poker("raise_size", 0.3, 1.5),
  bluffChance: poker("bluff_chance", 0, 0.4),
  semiBluffChance: poker("semi_bluff_chance", 0, 0.5),
  slowPlayChance: poker("slow_play_chance", 0, 0.4),
  /** What being last to act adds to the strength of a hand. */
  positionBonus: poker("position_bonus", 0, 0.2),
  /** Weight of the pot odds against the thresholds. */
  potOdds: poker("pot_odds_weight", 0, 1),
  /** Share of its energy that it risks in one hand. */
  riskTolerance: poker("risk_tolerance", 0.05, 1),
  /** What each opponent beyond the first takes from the strength of a hand. */
  crowdCaution: poker("crowd_caution", 0, 0.1),
  learningRate: poker("learning_rate", 0.25, 2.5),
};

const MATE_GENES = {
  weightSize: taste("mate_weight_size", 0, 1),
  /** Fins, tail and aspect. */
  weightShape: taste("mate_weight_shape", 0, 1),
  weightEye: taste("mate_weight_eye", 0, 1),
  weightLifespan: taste("mate_weight_lifespan", 0, 1),
  weightHue: taste("mate_weight_hue", 0, 1),
  weightPattern: taste("mate_weight_pattern", 0, 1),
  weightEnergy: taste("mate_weight_energy", 0, 1),
  size: { ...physical("mate_prefers_size") },
  fin: { ...physical("mate_prefers_fin") },
  tail: { ...physical("mate_prefers_tail") },
  aspect: { ...physical("mate_prefers_aspect") },
  eye: { ...physical("mate_prefers_eye") },
  lifespan: { ...physical("mate_prefers_lifespan") },
  hue: looks("mate_prefers_hue", 1, "wheel"),
  pattern: looks("mate_prefers_pattern", 1, "real"),
};

export const GENES: readonly GeneSpec[] = [
  ...Object.values(LIFE_GENES),
  ...Object.values(POKER_GENES),
  ...Object.values(MATE_GENES),
];

/** Column of each gene in a row of the genome matrix. Kernels keep those they use in constants. */
export const GENE = columnsFrom(LIFE_GENES, 0);
export const POKER_GENE = columnsFrom(POKER_GENES, Object.keys(LIFE_GENES).length);
export const MATE_GENE = columnsFrom(
  MATE_GENES,
  Object.keys(LIFE_GENES).length + Object.keys(POKER_GENES).length,
);

export const GENE_COUNT = GENES.length;
/** A row: every gene's value, then every mutation_rate, mutation_strength and hgt_probability. */
export const GENE_CELLS = 4 * GENE_COUNT;
/** The first genes, body and behaviour, are what a fish looks up all the time: its traits. */
export const TRAIT_CELLS = Object.keys(LIFE_GENES).length;
/** Where the meta-genes of each kind begin in a row. */
export const RATES_AT = GENE_COUNT;
export const STRENGTHS_AT = 2 * GENE_COUNT;
export const TRANSFERS_AT = 3 * GENE_COUNT;

function columnsFrom<T extends object>(
  genes: T,
  first: number,
): { readonly [G in keyof T]: number } {
  const columns = Object.keys(genes).map((gene, index) => [gene, first + index]);
  return Object.fromEntries(columns);
}
