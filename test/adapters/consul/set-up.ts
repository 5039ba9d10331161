import { ConsulAgent } from "../../../src/adapters/consul/agent.ts";
import { ConsulBackend } from "../../../src/adapters/consul/backend.ts";
import type { Announcement, Nomination } from "../../../src/discovery/backend.ts";
import type { SimulatedHost } from "../../../src/platform/simulated/host.ts";
import type { SimulatedProcess } from "../../../src/platform/simulated/process.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { type Log, silentLog } from "../../../src/telemetry/log.ts";
import { announcementOf } from "../../discovery/announcement.ts";
import { Wire } from "./double/reach.ts";
import { ConsulDouble } from "./double.ts";

export const AGENT = "consul at http://127.0.0.1:8500";
const ADDRESS = { origin: "http://127.0.0.1:8500", pathPrefix: "" };

export interface Machine {
  readonly host: SimulatedHost;
  readonly process: SimulatedProcess;
  readonly wire: Wire;
  readonly agent: ConsulAgent;
}

/** One Consul on a simulated clock, and machines that reach it. */
export class ConsulWorld {
  readonly world = new SimulatedWorld({ seed: 1 });
  readonly double: ConsulDouble;

  constructor() {
    this.double = this.newDouble();
  }

  /** A machine with its way to the agent. */
  machine(name: string, token?: string): Machine {
    const host = this.world.addHost({ name });
    const process = host.boot();
    const wire = new Wire(this.double, process.timers, token);
    const agent = new ConsulAgent({ address: ADDRESS, token, endpoint: wire });
    return { host, process, wire, agent };
  }

  /** Another server in the place of the one that is gone. */
  newDouble(): ConsulDouble {
    const host = this.world.host("consul") ?? this.world.addHost({ name: "consul" });
    host.kill();
    return new ConsulDouble(host.boot());
  }

  /** Lets simulated time pass. */
  async pass(ms: number): Promise<void> {
    await this.world.run(this.world.nowMs + ms);
  }
}

/** A node on a machine of its own. */
export function nodeOf(
  consul: ConsulWorld,
  nodeId: string,
  part: Partial<Announcement> = {},
  token?: string,
) {
  const machine = consul.machine(nodeId, token);
  const addresses = [{ host: machine.host.address, port: 8000 }];
  const announcement = announcementOf({ nodeId, bootId: `boot-${nodeId}`, addresses, ...part });
  const logged: string[] = [];
  const log: Log = {
    ...silentLog,
    info: (event) => void logged.push(event),
    warn: (event, fields) => void logged.push(`${event}: ${fields?.["reason"]}`),
  };
  const backend = new ConsulBackend({ ...machine.process, agent: machine.agent, log });
  const heard: Nomination[] = [];
  const start = () => backend.start(announcement, (nomination) => void heard.push(nomination));
  return { ...machine, announcement, backend, heard, logged, start };
}
