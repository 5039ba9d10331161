/** Stakes and seating (TW core/mixed_poker, core/poker). Distances in pixels, energies in units. */

/** Chips are thousandths of an energy unit. */
export const CHIPS_PER_ENERGY = 1000;
/** Who has less sits no table. */
export const ENERGY_MIN = 10;
/** Fish play between these distances, centre to centre. */
export const TABLE_REACH = 160;
export const TABLE_NEAREST = 10;
/** Ticks for which nobody at a table plays again. */
export const REST_TICKS = 30;
/** Tables per tick and reference area: among fish only, and with plants. */
export const FISH_TABLES = 1;
export const MIXED_TABLES = 10;

export const ANTE = 5;
export const BIG_BLIND = 8;
/** Share of the poorest player's energy that the big blind is at most. */
export const BIG_BLIND_SHARE = 0.3;

/** House cut on a net gain: grows with the winner's size, none on split pots. */
export const CUT_BASE = 0.08;
export const CUT_PER_SIZE = 0.18;
export const CUT_SIZE = 0.35;
export const CUT_MAX = 0.25;
