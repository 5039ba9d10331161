/** The simulation thread, but it hangs in a tank that is given one portion of food, for ever. */
import { realClock } from "../../src/platform/real/clock.ts";
import { realTimers } from "../../src/platform/real/timers.ts";
import type { ToSimulation } from "../../src/tanks/thread/simulation.ts";
import { SimulationLoop } from "../../src/tanks/thread/simulation-loop.ts";
import { VitalSigns } from "../../src/tanks/thread/vital-signs.ts";
import type { VitalsMessage } from "../../src/tanks/worker-host.ts";

declare const self: {
  onmessage: (event: MessageEvent<ToSimulation | VitalsMessage>) => void;
  postMessage(message: unknown): void;
};

let vitals = new VitalSigns();
let loop: SimulationLoop | undefined;

self.onmessage = ({ data }) => {
  if (data.kind === "vitals") {
    vitals = new VitalSigns(data.memory);
    const ports = { clock: realClock, timers: realTimers };
    loop = new SimulationLoop(ports, (message) => self.postMessage(message), { vitals });
    return;
  }
  loop?.receive(data);
  if (!isDeadly(data)) return;
  vitals.workOn(data.load);
  for (;;);
};

/** Also on replay: the log has it by then. */
function isDeadly(message: ToSimulation): boolean {
  if (message.kind === "command") {
    return message.command.kind === "feed" && message.command.portions === 1;
  }
  if (message.kind !== "load") return false;
  return message.tail.some(({ command }) => command?.kind === "feed" && command.portions === 1);
}
