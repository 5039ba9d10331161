/** The servers and agents by which nodes find each other, on the machines of a world. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../test/support/commands.ts";
import type { Node } from "../../test/support/node.ts";
import type { World } from "./world.ts";

const READY_MS = 60_000;
/** What servers say of themselves belongs to no report. */
const QUIETLY = ["sh", "-c", 'exec "$@" >/dev/null 2>&1', "sh"];
const CONSUL = join(import.meta.dir, "consul.ts");
export const CONSUL_PORT = 8500;
const ETCD_PORT = 2379;
const ETCD_PEER_PORT = 2380;

/** One member of etcd; its URL. */
export async function startEtcd({ lab, server, atEnd }: World): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "tankd-bench-etcd-"));
  atEnd(() => rmSync(directory, { recursive: true, force: true }));
  const url = `http://${server.address}:${ETCD_PORT}`;
  const peerUrl = `http://${server.address}:${ETCD_PEER_PORT}`;
  lab.run(server, [
    ...QUIETLY,
    ...["etcd", "--name", "m0", "--data-dir", directory, "--initial-cluster", `m0=${peerUrl}`],
    ...["--listen-client-urls", url, "--advertise-client-urls", url],
    ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
  ]);
  await answers(server, `${url}/health`);
  return url;
}

/** The tests' double of Consul, by HTTP; its URL. */
export async function startConsul({ lab, server }: World): Promise<string> {
  lab.run(server, [process.execPath, CONSUL, `${CONSUL_PORT}`]);
  const url = `http://${server.address}:${CONSUL_PORT}`;
  await answers(server, `${url}/v1/status/leader`);
  return url;
}

/** An agent of Serf on each of the nodes' machines, joined, at its usual RPC address. */
export async function startSerf({ lab, first, second }: World): Promise<void> {
  for (const [node, other] of [
    [first, second],
    [second, first],
  ] as const) {
    const own = [`-node=n${node.number}`, `-bind=${node.address}`];
    lab.run(node, [...QUIETLY, "serf", "agent", ...own, `-retry-join=${other.address}`]);
  }
  for (const node of [first, second]) {
    await until(`both agents for n${node.number}`, READY_MS, async () => {
      return (await serfMembers(node, "alive")) === 2;
    });
  }
}

/** How many members with this status the agent of a machine lists. */
export async function serfMembers(node: Node, status: string): Promise<number> {
  const { stdout } = await node.exec(["serf", "members", `-status=${status}`], "/");
  return stdout.split("\n").filter(Boolean).length;
}

/** dnsmasq with SRV records of both nodes, asked by their machines; the name to look up. */
export async function startDns({ lab, first, second, server }: World): Promise<string> {
  const name = "tanks.test";
  const nodes = [first, second];
  for (const node of nodes) {
    // Removed with the namespace.
    const folder = join("/etc/netns", lab.network.nameOf(node.number));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "resolv.conf"), `nameserver ${server.address}\n`);
  }
  lab.run(server, [
    ...QUIETLY,
    ...["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"],
    ...["--user=root", "--pid-file", `--listen-address=${server.address}`, "--bind-interfaces"],
    "--local=/test/",
    ...nodes.flatMap(({ number, address }) => [
      `--srv-host=_tankd._tcp.${name},n${number}.${name},8000`,
      `--host-record=n${number}.${name},${address}`,
    ]),
  ]);
  const look = `await require("node:dns/promises").resolveSrv("_tankd._tcp.${name}")`;
  await succeeds(first, "dnsmasq answers", look);
  return name;
}

function answers(from: Node, url: string): Promise<unknown> {
  const ask = `if (!(await fetch(${JSON.stringify(url)})).ok) process.exit(1)`;
  return succeeds(from, `${url} answers`, ask);
}

/** Until a line of JavaScript runs on a machine without an error. */
function succeeds(node: Node, what: string, line: string): Promise<unknown> {
  return until(what, READY_MS, async () => {
    const { exitCode } = await node.exec([process.execPath, "-e", line], "/");
    return exitCode === 0;
  });
}
