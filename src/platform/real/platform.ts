import type { Clock } from "../clock.ts";
import type { Machine } from "../machine.ts";
import type { Random } from "../random.ts";
import type { Sockets } from "../sockets.ts";
import type { Timers } from "../timers.ts";
import { realClock } from "./clock.ts";
import { createRealMachine } from "./machine.ts";
import { HttpNetwork } from "./network.ts";
import { realRandom } from "./random.ts";
import { realTimers } from "./timers.ts";
import { WebSockets } from "./web-sockets.ts";

/** The real ports of a process. Files come with the data directory. */
export interface RealPlatform {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly machine: Machine;
  readonly network: HttpNetwork;
  readonly sockets: Sockets;
}

export function createRealPlatform(): RealPlatform {
  const machine = createRealMachine(realClock);
  return {
    clock: realClock,
    timers: realTimers,
    random: realRandom,
    machine,
    network: new HttpNetwork(machine.addresses),
    sockets: new WebSockets(machine.addresses),
  };
}
