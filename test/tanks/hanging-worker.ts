/** The simulation thread, but it hangs in a tank that is given one portion of food, for ever. */
import { realClock } from "../../src/platform/real/clock.ts";
import { realTimers } from "../../src/platform/real/timers.ts";
import { SharedHeartbeat } from "../../src/tanks/thread/heartbeat.ts";
import type { ToSimulation } from "../../src/tanks/thread/simulation.ts";
import { SimulationLoop } from "../../src/tanks/thread/simulation-loop.ts";
import type { HeartbeatMessage } from "../../src/tanks/worker-host.ts";

declare const self: {
  onmessage: (event: MessageEvent<readonly ToSimulation[] | HeartbeatMessage>) => void;
  postMessage(message: unknown): void;
};

let heartbeat = new SharedHeartbeat();
let loop: SimulationLoop | undefined;

self.onmessage = ({ data }) => {
  if ("kind" in data) {
    heartbeat = new SharedHeartbeat(data.memory);
    const ports = { clock: realClock, timers: realTimers };
    loop = new SimulationLoop(ports, (message) => self.postMessage([message]), { heartbeat });
    return;
  }
  for (const message of data) {
    loop?.receive(message);
    if (isDeadly(message)) hangIn(message);
  }
};

function hangIn({ load }: ToSimulation): never {
  heartbeat.workOn(load);
  for (;;);
}

/** Also on replay: the log has it by then. */
function isDeadly(message: ToSimulation): boolean {
  if (message.kind === "command") {
    return message.command.kind === "feed" && message.command.portions === 1;
  }
  if (message.kind !== "load") return false;
  return message.tail.some(({ command }) => command?.kind === "feed" && command.portions === 1);
}
