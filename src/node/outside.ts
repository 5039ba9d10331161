import { LocalApis } from "../adapters/tailscale/local-apis.ts";
import { TailnetNetwork } from "../adapters/tailscale/network.ts";
import { TailnetSockets } from "../adapters/tailscale/sockets.ts";
import { Tailnet } from "../adapters/tailscale/tailnet.ts";
import { drawStartOffset } from "../cluster/identity/start-clock.ts";
import { chooseInterfaces } from "../platform/interface-choice.ts";
import { createRealPlatform, type RealPlatform } from "../platform/real/platform.ts";
import type { CorePorts } from "./core.ts";
import type { Settings } from "./settings/table.ts";

type OutsidePorts = Pick<
  CorePorts,
  "clock" | "startOffsetMs" | "timers" | "random" | "network" | "sockets" | "machine"
>;

/** The machine and its networks, as the settings let a node use them. */
export interface Outside {
  /** Without the tailnet: for what looks at this machine alone. */
  readonly platform: RealPlatform;
  readonly tailnet: Tailnet;
  /** The platform's ports with those that lead through the tailnet; call it once that was met. */
  withTailnet(): OutsidePorts;
}

export function reachOutside(
  settings: Pick<Settings, "interfaces" | "tailscaleProxy" | "tailscaleSocket">,
): Outside {
  const { interfaces, tailscaleProxy, tailscaleSocket: socket } = settings;
  const real = createRealPlatform();
  const localApis = new LocalApis({ socket, platform: real.machine.platform });
  const tailnet = new Tailnet(real.machine, tailscaleProxy, localApis);
  return {
    platform: { ...real, machine: chooseInterfaces(real.machine, interfaces) },
    tailnet,
    withTailnet: () => ({
      ...real,
      startOffsetMs: drawStartOffset(real.clock, real.random),
      machine: chooseInterfaces(tailnet.extend(real.machine), interfaces),
      network: new TailnetNetwork(real.network, tailnet),
      sockets: new TailnetSockets(real.sockets, tailnet),
    }),
  };
}
