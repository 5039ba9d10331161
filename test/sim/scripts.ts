import fc from "fast-check";
import { aliveBy } from "../../src/audit/ledger.ts";
import {
  apply,
  type Command,
  createTank,
  migrants,
  type Outcome,
  statsOf,
  step,
  type Tank,
  type TankSpec,
} from "../../src/sim/index.ts";

export const KEY = "00000000000000a1";
export const OTHER_KEY = "00000000000000b2";

export function tankOf(seed: number, fish: number, tankKey = KEY): Tank {
  return createTank({ seed, fish, tankKey });
}

export function run(tank: Tank, ticks: number): Tank {
  for (let i = 0; i < ticks; i++) step(tank);
  return tank;
}

export function specs(): fc.Arbitrary<TankSpec> {
  return fc.record({
    seed: fc.maxSafeNat(),
    fish: fc.oneof(fc.nat(30), fc.nat(130)),
    tankKey: fc.constant(KEY),
  });
}

/** What a random script does next; picks are taken modulo what is there. */
export type Move =
  | { readonly do: "run"; readonly ticks: number }
  | { readonly do: "export"; readonly pick: number }
  | { readonly do: "import" | "restore" | "copy"; readonly pick: number }
  | { readonly do: "command"; readonly command: Command };

export function scripts(maxLength = 25): fc.Arbitrary<readonly Move[]> {
  const pick = fc.nat(10_000);
  const number = fc.oneof(fc.integer({ min: -2, max: 300 }), fc.double());
  return fc.array(
    fc.oneof(
      fc.record({ do: fc.constant("run" as const), ticks: fc.nat(60) }),
      fc.record({ do: fc.constant("export" as const), pick }),
      fc.record({
        do: fc.constantFrom("import" as const, "restore" as const, "copy" as const),
        pick,
      }),
      fc.record({ do: fc.constant("command" as const), command: plainCommands(number) }),
    ),
    { maxLength, size: "large" },
  );
}

function plainCommands(number: fc.Arbitrary<number>): fc.Arbitrary<Command> {
  return fc.oneof(
    number.map((portions): Command => ({ kind: "feed", portions })),
    number.map((fish): Command => ({ kind: "spawn", fish })),
    number.map((ticksPerSecond): Command => ({ kind: "set_tick_rate", ticksPerSecond })),
    number.map((ticks): Command => ({ kind: "fast_forward", ticks })),
    fc.constantFrom<Command>({ kind: "pause" }, { kind: "resume" }),
    fc
      .uint8Array({ maxLength: 500 })
      .map((record): Command => ({ kind: "import", record, side: "left" })),
  );
}

/** Records of fish that are away from a tank and may come in again. */
export type Away = Uint8Array[];

/** The command of a move, given who is alive and who is away; undefined where there is nobody. */
export function commandOf(tank: Tank, away: Away, move: Move): Command | undefined {
  if (move.do === "command") return move.command;
  if (move.do === "export") {
    const ids = migrants(tank);
    const entityId = ids[move.pick % ids.length];
    return entityId === undefined ? undefined : { kind: "export", entityId, side: "right" };
  }
  if (move.do === "run") return undefined;
  const record = away[move.pick % away.length];
  if (record === undefined) return undefined;
  if (move.do === "restore") return { kind: "restore", record };
  const copy = move.do === "copy" ? { copy: true as const } : {};
  return { kind: "import", record, side: "left", ...copy };
}

/** Plays one move on a tank and keeps the list of who is away. */
export function play(tank: Tank, away: Away, move: Move): Outcome | undefined {
  if (move.do === "run") {
    run(tank, move.ticks);
    return undefined;
  }
  const command = commandOf(tank, away, move);
  if (command === undefined) return undefined;
  const outcome = apply(tank, command);
  if (outcome.kind === "done" && outcome.record !== undefined) away.push(outcome.record);
  return outcome;
}

/** The ledger's claim of who is alive, from the public numbers alone. */
export function claimedAlive(tank: Tank): number {
  return aliveBy(statsOf(tank).ledger);
}

/** Exports a fish that is fit to travel and returns its record. */
export function exportOne(tank: Tank, pick = 0): { entityId: string; record: Uint8Array } {
  const entityId = migrants(tank)[pick];
  if (entityId === undefined) throw new Error("nobody is fit to travel");
  const outcome = apply(tank, { kind: "export", entityId, side: "right" });
  if (outcome.kind !== "done" || outcome.record === undefined) throw new Error("not exported");
  return { entityId, record: outcome.record };
}
