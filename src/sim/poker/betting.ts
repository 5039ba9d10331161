import { type Decide, FOLD, STREET, type Table } from "./table.ts";

/**
 * Actions per seat and round after which raising is over (TW POKER_MAX_ACTIONS_PER_ROUND): then
 * everybody can only call or fold, and the round ends within one more turn.
 */
const ACTIONS_PER_SEAT = 10;

/**
 * Antes and blinds. The ante is dead money of the first round that counts towards the call: who has
 * posted it owes the rest of the big blind only.
 */
export function postForcedBets(table: Table): void {
  const { seats, button, ante, smallBlind, bigBlind } = table;
  for (let seat = 0; seat < seats; seat++) payTo(table, seat, ante);
  const small = seats === 2 ? button : (button + 1) % seats;
  const big = (small + 1) % seats;
  payTo(table, small, Math.max(ante, smallBlind));
  payTo(table, big, Math.max(ante, bigBlind));
  // A blind that a short stack could not post in full is still the price of playing.
  table.toMatch = Math.max(ante, bigBlind);
}

/** One round: clockwise from `first` until everybody has matched the bet, folded or is all-in. */
export function playRound(table: Table, first: number, decide: Decide): void {
  const { seats, stack, bet, folded, acted } = table;
  if (table.street !== STREET.preflop) beginRound(table);
  // Alone with chips behind and nothing to match: nobody is left to bet against.
  let mayRaise = countActive(table) > 1;
  let limit = ACTIONS_PER_SEAT * seats;
  let idle = 0;
  for (let seat = first; idle < seats && table.contenders > 1; seat = next(seat, seats)) {
    idle += 1;
    if (folded[seat] !== 0 || stack[seat] === 0) continue;
    const owes = bet[seat] < table.toMatch;
    if (!owes && (acted[seat] !== 0 || !mayRaise)) continue;
    if (limit === 0) mayRaise = false;
    else limit -= 1;
    act(table, seat, decide(table, seat), mayRaise && acted[seat] === 0);
    idle = 0;
  }
}

function beginRound(table: Table): void {
  table.bet.fill(0);
  table.acted.fill(0);
  table.toMatch = 0;
  table.minRaise = table.bigBlind;
}

/** Makes a wish legal and carries it out: too little is a call, nothing to call is a check. */
function act(table: Table, seat: number, wish: number, mayRaise: boolean): void {
  const bet = table.bet[seat];
  if (wish === FOLD && bet < table.toMatch) {
    table.folded[seat] = 1;
    table.contenders -= 1;
    return;
  }
  const all = bet + table.stack[seat];
  const before = table.toMatch;
  const wanted = Math.min(all, wish) | 0;
  const step = wanted - before;
  // All-in may raise by less than a full step; every other raise must be a full one.
  const raises = mayRaise && step > 0 && (step >= table.minRaise || wanted === all);
  payTo(table, seat, raises ? wanted : before);
  if (raises) {
    table.toMatch = wanted;
    table.aggressor = seat;
    if (step >= table.minRaise) {
      table.minRaise = step;
      // Only a full raise lets those who have acted raise again.
      table.acted.fill(0);
    }
  }
  table.acted[seat] = 1;
}

/** Brings the seat's bet of this round up to `total`, as far as its chips reach. */
function payTo(table: Table, seat: number, total: number): void {
  const bet = table.bet[seat];
  const chips = Math.min(Math.max(0, total - bet), table.stack[seat]);
  table.bet[seat] = bet + chips;
  table.paid[seat] = table.paid[seat] + chips;
  table.stack[seat] = table.stack[seat] - chips;
  table.pot += chips;
}

/** Seats that can still bet. */
function countActive(table: Table): number {
  let active = 0;
  for (let seat = 0; seat < table.seats; seat++) {
    if (table.folded[seat] === 0 && table.stack[seat] > 0) active += 1;
  }
  return active;
}

function next(seat: number, seats: number): number {
  return seat + 1 === seats ? 0 : seat + 1;
}
