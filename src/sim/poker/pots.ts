import type { Table } from "./table.ts";

/**
 * Divides all that was paid into main and side pots and pays them out. A pot reaches up to the
 * smallest bet of somebody who is still in; only who has paid that far can win it. What nobody
 * called falls back to its payer, as the last pot, in which he is alone.
 */
export function payPots(table: Table): void {
  let floor = 0;
  for (;;) {
    const level = nextLevel(table, floor);
    if (level === 0) break;
    payPot(table, level, sliceOf(table, floor, level));
    floor = level;
  }
  // Paid by folded seats beyond what anybody in the hand had bet: it belongs to the last pot.
  const dead = sliceOf(table, floor, Number.MAX_SAFE_INTEGER);
  if (dead > 0) payPot(table, floor, dead);
}

/** The smallest total above `floor` that a seat which is still in has paid, or 0. */
function nextLevel(table: Table, floor: number): number {
  let level = 0;
  for (let seat = 0; seat < table.seats; seat++) {
    const paid = table.paid[seat];
    if (table.folded[seat] !== 0 || paid <= floor) continue;
    if (level === 0 || paid < level) level = paid;
  }
  return level;
}

/** What all seats have paid between two totals. */
function sliceOf(table: Table, floor: number, level: number): number {
  let chips = 0;
  for (let seat = 0; seat < table.seats; seat++) {
    const paid = table.paid[seat];
    chips += Math.max(0, Math.min(paid, level) - floor);
  }
  return chips;
}

/**
 * Pays a pot to the best hands among those who have paid up to `level`, in equal parts. Odd chips
 * go one by one to the winners nearest to the button's left, as card rooms do.
 */
function payPot(table: Table, level: number, chips: number): void {
  const best = bestScore(table, level);
  let winners = 0;
  for (let seat = 0; seat < table.seats; seat++)
    winners += Number(winsAt(table, seat, level, best));
  const share = Math.floor(chips / winners);
  let odd = chips - share * winners;
  for (let step = 1; step <= table.seats; step++) {
    const seat = (table.button + step) % table.seats;
    if (!winsAt(table, seat, level, best)) continue;
    const part = share + (odd > 0 ? 1 : 0);
    odd -= odd > 0 ? 1 : 0;
    table.won[seat] = table.won[seat] + part;
    table.stack[seat] = table.stack[seat] + part;
    if (winners > 1) table.split[seat] = 1;
  }
}

function bestScore(table: Table, level: number): number {
  let best = 0;
  for (let seat = 0; seat < table.seats; seat++) {
    if (table.folded[seat] !== 0 || table.paid[seat] < level) continue;
    best = Math.max(best, table.score[seat]);
  }
  return best;
}

function winsAt(table: Table, seat: number, level: number, best: number): boolean {
  if (table.folded[seat] !== 0 || table.paid[seat] < level) return false;
  return table.score[seat] === best;
}
