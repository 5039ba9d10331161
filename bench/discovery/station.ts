/**
 * A backend alone, on a machine of a lab: `bun bench/discovery/station.ts ID PORT BACKEND [URL]`.
 * What it is told and says stands at `runStation`.
 */

import { readAgentAddress } from "../../src/adapters/consul/address.ts";
import { ConsulAgent } from "../../src/adapters/consul/agent.ts";
import { ConsulBackend } from "../../src/adapters/consul/backend.ts";
import { readEndpoint } from "../../src/adapters/etcd/access.ts";
import { EtcdBackend } from "../../src/adapters/etcd/backend.ts";
import { MdnsBackend } from "../../src/adapters/mdns/backend.ts";
import { SerfBackend } from "../../src/adapters/serf/backend.ts";
import type { DiscoveryBackend } from "../../src/discovery/backend.ts";
import type { RealPlatform } from "../../src/platform/real/platform.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { runStation } from "../../test/adapters/run-station.ts";

function create(platform: RealPlatform, [name, url = ""]: readonly string[]): DiscoveryBackend {
  const deps = { ...platform, log: silentLog };
  if (name === "mdns") return new MdnsBackend(deps);
  if (name === "serf") {
    return new SerfBackend({ ...deps, rpc: undefined, key: undefined, join: [], mayStart: false });
  }
  if (name === "etcd") {
    const endpoint = readEndpoint(url);
    if (endpoint === undefined) throw new Error(`no etcd is at "${url}"`);
    return new EtcdBackend({
      ...deps,
      access: { endpoints: [endpoint], namedBy: "the command", keys: "/tankd/" },
    });
  }
  const address = readAgentAddress(url);
  if (name !== "consul" || !address) throw new Error(`no backend "${name}" at "${url}"`);
  return new ConsulBackend({ ...deps, agent: new ConsulAgent({ address, token: undefined }) });
}

await runStation(create);
