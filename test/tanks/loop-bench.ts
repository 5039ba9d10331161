import type { Clock } from "../../src/platform/clock.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import type { Timers } from "../../src/platform/timers.ts";
import type { FromSimulation, LoadTank, ToSimulation } from "../../src/tanks/thread/simulation.ts";
import { SimulationLoop } from "../../src/tanks/thread/simulation-loop.ts";
import { NO_SNAPSHOTS, plainControls } from "./harness.ts";

/** A loop alone, on a simulated machine. */
export class LoopBench {
  readonly world = new SimulatedWorld({ seed: 1 });
  readonly process = this.world.addHost({ name: "node" }).boot();
  readonly said: FromSimulation[] = [];
  readonly loop: SimulationLoop;

  constructor(
    snapshots = NO_SNAPSHOTS,
    seenAs = (clock: Clock) => clock,
    usedAs = (timers: Timers) => timers,
  ) {
    const timers = usedAs(this.process.timers);
    const clock = seenAs(this.process.clock);
    this.loop = new SimulationLoop({ clock, timers }, (said) => this.said.push(said), {
      snapshots,
    });
  }

  load(tank: string, tickRate: number, more: Partial<LoadTank> = {}): void {
    this.loop.receive({ ...newTank(tank, tickRate, 10), ...more });
  }

  command(tank: string, request: number, command: (ToSimulation & { kind: "command" })["command"]) {
    this.loop.receive({ kind: "command", tank, load: 1, request, command });
  }

  async run(durationMs: number): Promise<void> {
    await this.world.run(this.world.nowMs + durationMs);
  }

  of<Kind extends FromSimulation["kind"]>(kind: Kind): Extract<FromSimulation, { kind: Kind }>[] {
    return this.said.filter(
      (said): said is Extract<FromSimulation, { kind: Kind }> => said.kind === kind,
    );
  }

  /** The tick of a tank, by a command that changes nothing. */
  tickOf(tank: string): number {
    this.command(tank, 0, { kind: "resume" });
    return this.of("applied").at(-1)?.tick ?? -1;
  }

  report(tank: string) {
    const reports = this.of("reports").flatMap((said) => said.reports);
    return reports.findLast((one) => one.tank === tank)?.report;
  }
}

/**
 * The clock, when every look at it comes a tenth of a millisecond later: as if code took that long.
 */
export function costly(clock: Clock): Clock {
  let spentMs = 0;
  return {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => {
      spentMs += 0.1;
      return clock.monotonicMs() + spentMs;
    },
  };
}

/** The order to load a tank that has no past yet. */
export function newTank(tank: string, tickRate: number, fish: number): LoadTank {
  return {
    kind: "load",
    tank,
    load: 1,
    spec: { seed: 3, fish, tankKey: "00000000000000aa" },
    live: undefined,
    snapshot: undefined,
    checksum: "",
    engineVersion: 1,
    tail: [],
    controls: plainControls(tickRate),
    frozen: false,
    watched: false,
    uncovered: { ticks: 0, entries: 0 },
    skippedTicks: 0,
  };
}
