import { STRATEGY_GENES } from "./strategy.ts";

/**
 * The fixed strategies that plants play (TW core/poker/strategy/implementations). They do not
 * evolve and do not learn. Most are a strategy genome that no fish could have; `rule` tells what
 * else.
 */
export const RULE = { strategy: 0, fold: 1, random: 2, adaptive: 3 } as const;

type Choices = readonly [
  selection: number,
  style: number,
  bluffing: number,
  position: number,
  showdown: number,
];

interface Baseline {
  readonly name: string;
  readonly rule: number;
  readonly genes: readonly number[];
}

/** Thresholds: call and raise before the flop, after it, call on the river, all-in. */
type Thresholds = readonly [number, number, number, number, number, number];
/**
 * Raise size, bluff, semi-bluff and slow play chance, position bonus, pot odds, risk, crowd
 * caution.
 */
type Manners = readonly [number, number, number, number, number, number, number, number];

function baseline(
  name: string,
  choices: Choices,
  thresholds: Thresholds,
  manners: Manners,
  rule: number = RULE.strategy,
): Baseline {
  // The last gene is the learning rate, which a player without memory does not use.
  return { name, rule, genes: [...choices, ...thresholds, ...manners, 0] };
}

const BALANCED: Thresholds = [0.35, 0.65, 0.25, 0.5, 0.3, 0.92];

export const BASELINES: readonly Baseline[] = [
  baseline("always_fold", [0, 0, 0, 0, 0], BALANCED, [0, 0, 0, 0, 0, 0, 0, 0], RULE.fold),
  baseline("random", [2, 0, 0, 0, 0], BALANCED, [0, 0, 0, 0, 0, 0, 1, 0], RULE.random),
  baseline(
    "loose_passive",
    [3, 0, 0, 0, 1],
    [0.2, 0.9, 0.12, 0.8, 0.15, 0.97],
    [0.4, 0, 0, 0, 0, 0.1, 0.5, 0],
  ),
  baseline(
    "loose_aggressive",
    [3, 1, 3, 1, 2],
    [0.22, 0.5, 0.2, 0.35, 0.3, 0.9],
    [1.1, 0.3, 0.4, 0, 0.15, 0.2, 0.7, 0],
  ),
  baseline(
    "tight_passive",
    [1, 0, 0, 0, 0],
    [0.45, 0.92, 0.35, 0.8, 0.4, 0.97],
    [0.4, 0, 0.02, 0, 0, 0.4, 0.3, 0.03],
  ),
  baseline(
    "tight_aggressive",
    [1, 1, 1, 1, 0],
    [0.4, 0.65, 0.3, 0.45, 0.4, 0.9],
    [0.8, 0.1, 0.2, 0, 0.1, 0.4, 0.5, 0.03],
  ),
  baseline("balanced", [2, 2, 2, 1, 1], BALANCED, [0.7, 0.15, 0.25, 0.1, 0.1, 0.5, 0.5, 0.02]),
  baseline(
    "maniac",
    [3, 2, 3, 0, 2],
    [0.1, 0.3, 0.05, 0.2, 0.1, 0.8],
    [1.5, 0.4, 0.5, 0, 0, 0, 0.9, 0],
  ),
  baseline(
    "gto_expert",
    [2, 3, 2, 1, 1],
    [0.38, 0.62, 0.25, 0.45, 0.3, 0.9],
    [0.75, 0.12, 0.3, 0.15, 0.1, 0.7, 0.6, 0.03],
  ),
  baseline(
    "adaptive",
    [2, 1, 2, 1, 1],
    BALANCED,
    [0.7, 0.15, 0.2, 0.05, 0.1, 0.5, 0.5, 0.02],
    RULE.adaptive,
  ),
  baseline(
    "positional_exploiter",
    [2, 1, 2, 2, 0],
    [0.4, 0.6, 0.28, 0.45, 0.35, 0.92],
    [0.8, 0.2, 0.3, 0.05, 0.3, 0.4, 0.5, 0.02],
  ),
  baseline(
    "trap_setter",
    [1, 2, 1, 0, 1],
    [0.35, 0.7, 0.22, 0.45, 0.25, 0.88],
    [1, 0.05, 0.1, 0.7, 0, 0.4, 0.7, 0.02],
  ),
  baseline(
    "mathematical",
    [2, 3, 0, 1, 0],
    [0.35, 0.7, 0.25, 0.5, 0.3, 0.95],
    [0.66, 0, 0.15, 0, 0.05, 1, 0.5, 0.03],
  ),
];

export const BASELINE_GENES = Float32Array.from(BASELINES.flatMap(({ genes }) => genes));
export const BASELINE_RULES = Uint8Array.from(BASELINES, ({ rule }) => rule);

/** Index in BASELINE_GENES of a baseline's first gene. */
export function baselineAt(baseline: number): number {
  return baseline * STRATEGY_GENES;
}
