import type { Identity } from "../../../src/cluster/identity/identity.ts";
import { type SignedHeaders, signRequest } from "../../../src/cluster/identity/signature.ts";
import type { SimulatedHost } from "../../../src/platform/simulated/host.ts";
import { Lab } from "../../support/simulated/lab.ts";
import { type LabNode, PORT } from "../../support/simulated/lab-node.ts";

export const CONTROL = { authorization: "Bearer secret" };

/** A whole record as the Tank World server sends it, as seen from itself. */
export const TANK_WORLD = {
  server_id: "local-server",
  hostname: "aquarium",
  host: "192.168.7.7",
  port: 8000,
  status: "online",
  world_count: 2,
  version: "1.0.0",
  uptime_seconds: 12.5,
  cpu_percent: 7.5,
  memory_mb: 180.25,
  is_local: true,
  platform: "Linux",
  architecture: "x86_64",
  hardware_model: null,
  logical_cpus: 8,
  physical_cpus: 4,
};

/** A hub, a worker that follows it, and a machine without a node. */
export async function cluster(seed: number) {
  const lab = new Lab(seed);
  const hub = lab.add("hub", { role: "hub" });
  const worker = lab.add("worker");
  const outside = lab.world.addHost({ name: "outside" });
  for (const node of [hub, worker]) node.start();
  await lab.until("one hub", 5_000, () => lab.agree([hub, worker]));
  await lab.run(1_000);
  const send = (
    to: LabNode,
    method: "GET" | "POST" | "DELETE",
    path: string,
    body?: unknown,
    headers = {},
  ) => lab.request(outside, to, method, path, body, headers);
  return { lab, hub, worker, outside, send };
}

/** A signed request of a node that is not simulated. */
export function sendSigned(
  lab: Lab,
  from: SimulatedHost,
  identity: Identity,
  to: LabNode,
  method: "POST" | "DELETE",
  path: string,
  body: unknown,
) {
  return lab.request(from, to, method, path, body, signedBy(lab, identity, to, method, path, body));
}

export function signedBy(
  lab: Lab,
  identity: Identity,
  to: LabNode,
  method: "POST" | "DELETE",
  path: string,
  body: unknown,
  audience = to.identity.nodeId,
): SignedHeaders {
  const clock = { wallMs: () => lab.world.startWallMs + lab.world.nowMs, monotonicMs: () => 0 };
  const random = lab.world.stream(`nonce ${identity.nodeId} ${lab.world.nowMs} ${path}`);
  const authority = `${to.host.address}:${PORT}`;
  const text = body === undefined ? "" : JSON.stringify(body);
  return signRequest(identity, { method, authority, path, body: text }, clock, random, {
    audience,
  });
}
