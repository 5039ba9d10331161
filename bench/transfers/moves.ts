/** How long a whole tank takes from one node to the other, as the API tells who ordered it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { until } from "../../test/support/commands.ts";
import { print, printHead, printRow, quantile } from "../measure.ts";
import type { Side } from "./pair.ts";
import { onLoopback } from "./places.ts";

/** Founders of the tank, and how often it goes to the other node. */
const SIZES = [
  [100, 40],
  [10_000, 10],
] as const;
const SECRET_CHARACTERS = 43;
/** Each node lists the other one by then, and its tanks. */
const MEET_MS = 60_000;

const tankSchema = z.looseObject({ tank: z.looseObject({ tank_id: z.string() }) });
const localSchema = z.looseObject({ node_id: z.string() });
const movedSchema = z.looseObject({ duration_ms: z.number() });

/** Milliseconds of each move, from the order until the tank runs on the other node. */
async function moveTimes(sides: readonly [Side, Side], fish: number, moves: number) {
  const [one, other] = sides;
  const order = { name: `of ${fish}`, fish };
  const { tank_id } = tankSchema.parse(await one.api.change("POST", "/api/tanks", order)).tank;
  const ids = new Map<Side, string>();
  for (const side of sides) {
    ids.set(side, (await side.api.get("/api/servers/local", localSchema)).node_id);
  }
  const times: number[] = [];
  let [from, to] = [one, other];
  for (let move = 0; move < moves; move++) {
    // Until the nodes know each other, or the last move is over on both.
    await until("the tank moves", MEET_MS, async () => {
      const where = { server_id: ids.get(to) };
      const moved = await from.api.change("POST", `/api/tanks/${tank_id}/move`, where);
      times.push(movedSchema.parse(moved).duration_ms);
      return true;
    });
    [from, to] = [to, from];
  }
  return times;
}

export async function reportMoves(binary: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tankd-moves-"));
  const secret = join(folder, "secret");
  writeFileSync(secret, "s".repeat(SECRET_CHARACTERS), { mode: 0o600 });
  print("Milliseconds of a move, from the order until the tank runs on the other node:");
  print("");
  printHead("fish", "p50", "p95", "moves");
  try {
    const flags = ["--tanks", "0", "--no-auto-connect", "--secret-file", secret];
    await onLoopback(binary, flags, async ({ sides }) => {
      for (const [fish, moves] of SIZES) {
        const times = await moveTimes(sides, fish, moves);
        printRow(`${fish}`, quantile(times, 0.5), quantile(times, 0.95), times.length);
      }
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
  print("");
}
