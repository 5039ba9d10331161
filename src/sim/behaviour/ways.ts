import { GENE } from "../heredity/genes.ts";

/**
 * The four choices of a genome as one number, its niche: 6 × 4 × 4 × 4 ways to live
 * (TW core/algorithms/composable). Kernels read a fish's ways from there.
 */
export const THREAT_WAY = { panic: 0, stealth: 1, freeze: 2, erratic: 3 } as const;
export const FOOD_WAY = {
  direct: 0,
  intercept: 1,
  circling: 2,
  ambush: 3,
  zigzag: 4,
  patrol: 5,
} as const;
export const POKER_WAY = { avoid: 0, passive: 1, opportunistic: 2, aggressive: 3 } as const;
export const SOCIAL_WAY = { solo: 0, loose: 1, tight: 2, follow: 3 } as const;

/** How people call them, in the order of their numbers. */
export const WAY_NAMES = {
  threat: Object.keys(THREAT_WAY),
  food: Object.keys(FOOD_WAY),
  poker: Object.keys(POKER_WAY),
  social: Object.keys(SOCIAL_WAY),
} as const;

export const NICHES = 6 * 4 * 4 * 4;

export function nicheOf(genes: Float32Array, row: number): number {
  const food = genes[row + GENE.foodWay];
  const threat = genes[row + GENE.threatWay];
  const poker = genes[row + GENE.pokerWay];
  const social = genes[row + GENE.socialWay];
  return (food << 6) | (threat << 4) | (poker << 2) | social;
}

export function foodWay(niche: number): number {
  return niche >> 6;
}

export function threatWay(niche: number): number {
  return (niche >> 4) & 3;
}

export function pokerWay(niche: number): number {
  return (niche >> 2) & 3;
}

export function socialWay(niche: number): number {
  return niche & 3;
}
