import { resolve } from "node:path";
import { z } from "zod";
import { advertisedAddresses, formatHostPort } from "../../../discovery/addresses.ts";
import type { Address } from "../../../discovery/backend.ts";
import { readHostAndPort } from "../../../discovery/host-and-port.ts";
import { planDiscovery } from "../../../node/discovery-plan.ts";
import type { Examiner } from "../../../node/doctor/examiner.ts";
import type { ResolvedSettings } from "../../../node/settings/resolve.ts";
import { messageOf } from "../../../platform/errors.ts";
import { NetworkError } from "../../../platform/network.ts";
import type { Host } from "../../host.ts";
import { defaultDataDirectory } from "../../node-access/directories.ts";
import { readAnswer } from "../../output/answer.ts";
import type { DirectoryReport, HubAnswer, HubFacts, MachineFacts, PortFacts } from "./facts.ts";

/** What to examine. */
export interface Subject {
  readonly settings: ResolvedSettings;
  /** Why the operator's settings cannot be read, and defaults are used. */
  readonly settingsProblem: string | undefined;
  /** Undefined where no node runs. */
  readonly node:
    | { readonly url: string; readonly directory: string; readonly pid: number }
    | undefined;
  /** Whether the node uses multicast; undefined where no node runs. */
  readonly usesMulticast: boolean | undefined;
}

const HEALTH_TIMEOUT_MS = 5_000;
const HEALTH_BYTES_MAX = 64 * 1024;
const MDNS_PORT = 5353;

/** Examines this machine. Takes a few seconds. */
export async function examineMachine(
  host: Host,
  examiner: Examiner,
  subject: Subject,
): Promise<MachineFacts> {
  const { node, settingsProblem } = subject;
  const { values, origins } = subject.settings;
  const port = node === undefined ? values.port : Number(URL.parse(node.url)?.port || values.port);
  const networks = examiner.networks(values.interfaces);
  const interfaces = networks.addresses();
  const defaultRouteInterface = networks.defaultRouteInterface();
  const advertised = values.advertise === undefined ? undefined : readHostAndPort(values.advertise);
  const usesMulticast = subject.usesMulticast ?? mayUseMulticast(values.discovery);
  const wanted = [
    { port, protocol: "tcp" as const },
    ...(usesMulticast ? [{ port: MDNS_PORT, protocol: "udp" as const }] : []),
  ];
  const [multicast, portUse, firewall, descriptors, hubs] = await Promise.all([
    usesMulticast ? examiner.multicast(values.interfaces) : undefined,
    node === undefined ? examinePort(host, examiner, port, values.host) : undefined,
    examiner.firewall(wanted),
    examiner.descriptors(node?.pid),
    node === undefined ? askHubs(host, planDiscovery(values).hubs) : [],
  ]);
  const directory = node?.directory ?? values.dataDir ?? defaultDataDirectory(host);
  return {
    platform: examiner.platform,
    isContainer: CONTAINER_MARKS.some((path) => host.sizeOf(path) !== undefined),
    settingsProblem,
    port,
    isPortAsked: origins.port.kind !== "default",
    portUse,
    interfaces,
    defaultRouteInterface,
    unmatchedInterfaces: networks.unmatchedInterfaces?.() ?? [],
    addresses: advertisedAddresses({
      port,
      listenHost: values.host,
      advertise: advertised ? [{ host: advertised.host, port: advertised.port ?? port }] : [],
      interfaces,
      defaultRouteInterface,
    }),
    multicast,
    firewall,
    descriptors,
    directory: examineDirectory(host, examiner, resolve(host.workingDirectory, directory), node),
    sqliteVersion: examiner.sqliteVersion(),
    wallMs: host.clock.wallMs(),
    hubs,
  };
}

/** Files that Docker and Podman create in their containers. */
const CONTAINER_MARKS = ["/.dockerenv", "/run/.containerenv"] as const;

function mayUseMulticast(discovery: readonly string[]): boolean {
  return discovery.includes("auto") || discovery.includes("mdns");
}

async function examinePort(
  host: Host,
  examiner: Examiner,
  port: number,
  listenHost: string | undefined,
): Promise<PortFacts> {
  const use = await examiner.portUse(port, listenHost);
  if (use.kind !== "taken") return { use, server: undefined };
  const answer = await askHealth(host, { host: listenHost ?? "127.0.0.1", port });
  return { use, server: answer.kind === "answers" ? answer.server : undefined };
}

function askHubs(host: Host, hubs: readonly Address[]): Promise<readonly HubFacts[]> {
  return Promise.all(
    hubs.map(async (hub) => ({
      url: `http://${formatHostPort(hub)}`,
      port: hub.port,
      answer: await askHealth(host, hub),
    })),
  );
}

const healthSchema = z.object({
  server_id: z.string().max(200),
  timestamp: z.iso.datetime(),
});

async function askHealth({ network, clock }: Host, address: Address): Promise<HubAnswer> {
  try {
    const { status, body } = await network.send({
      method: "GET",
      origin: `http://${formatHostPort(address)}`,
      path: "/health",
      headers: { accept: "application/json" },
      timeoutMs: HEALTH_TIMEOUT_MS,
      responseBytesMax: HEALTH_BYTES_MAX,
    });
    const health = healthOf(body);
    if (status !== 200 || !health) return { kind: "other", status };
    const clockOffsetMs = Date.parse(health.timestamp) - clock.wallMs();
    return { kind: "answers", server: health.server_id, clockOffsetMs };
  } catch (error) {
    const reason = error instanceof NetworkError ? error.reason : messageOf(error);
    return { kind: "silent", reason };
  }
}

function healthOf(body: string): z.infer<typeof healthSchema> | undefined {
  try {
    return readAnswer(healthSchema, JSON.parse(body));
  } catch {
    return undefined;
  }
}

function examineDirectory(
  host: Host,
  examiner: Examiner,
  path: string,
  node: Subject["node"],
): DirectoryReport {
  const strayPid = node === undefined ? pidIn(host, path) : undefined;
  const facts = examiner.directory(path);
  const isUsable = facts.kind === "ours" && !("failure" in facts.write);
  // A running node has shown that its database works.
  const databaseFault = isUsable && node === undefined ? examiner.database(path) : undefined;
  return { ...facts, path, strayPid, databaseFault };
}

/** The running tankd whose pid is recorded there. Only Linux tells whether it is a tankd. */
function pidIn(host: Host, directory: string): number | undefined {
  try {
    const pid = Number(host.readText(`${directory}/pid`));
    if (!Number.isInteger(pid) || pid <= 0 || !host.isAlive(pid)) return undefined;
    return host.readText(`/proc/${pid}/comm`)?.trim() === "tankd" ? pid : undefined;
  } catch {
    return undefined;
  }
}
