import { describe } from "bun:test";
import { z } from "zod";
import { until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import { GATEWAY } from "../support/namespaces.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";

const TIMEOUT_MS = 120_000;
const OPTIONS = ["--no-auto-connect", "--tanks", "0", "--discovery", "dns"];

const localSchema = z.object({
  backends: z.array(z.object({ name: z.string(), state: z.string(), detail: z.string() })),
});
const foundSchema = z.object({
  servers: z.array(z.object({ is_local: z.boolean(), discovered_by: z.array(z.string()) })),
});

/** dnsmasq on the switch, where the machines ask from now on. */
function serveNames(
  lab: Lab,
  nodes: readonly Node[],
  records: readonly string[],
  searchDomain?: string,
): void {
  for (const { number } of nodes) lab.network.setNameServer(number, GATEWAY, searchDomain);
  const where = [`--listen-address=${lab.network.addressOf(GATEWAY)}`, "--bind-interfaces"];
  const fixed = [
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--no-resolv",
    "--no-hosts",
    "--user=root",
    "--log-facility=/dev/null",
  ];
  lab.runOnSwitch(["dnsmasq", ...fixed, ...where, "--local=/test/", "--local=//", ...records]);
}

async function says(node: Node, state: string, detail: string): Promise<void> {
  await until(`node ${node.number} says that dns is ${state}: ${detail}`, PROMPTLY_MS, async () => {
    const { backends } = await node.get("/api/servers/local", localSchema);
    return backends.some(
      (one) => one.name === "dns" && one.state === state && one.detail.includes(detail),
    );
  });
}

describe("a name in DNS", () => {
  labTest("with all addresses brings machines together", TIMEOUT_MS, async (lab) => {
    const nodes = await lab.machines(3);
    const name = "tanks.example.test";
    serveNames(
      lab,
      nodes,
      // Two that nobody should go to, and one where nobody is.
      ["127.0.0.1", "169.254.169.254", lab.network.addressOf(99)]
        .concat(nodes.map(({ address }) => address))
        .map((address) => `--host-record=${name},${address}`),
    );
    for (const node of nodes) node.start([...OPTIONS, "--dns", name]);
    for (const node of nodes) await node.ready();
    const hub = await lab.agree();
    await says(hub, "running", `${name}: 6 addresses`);
    await until("it has found both of the others by it", PROMPTLY_MS, async () => {
      const { servers } = await hub.get("/api/discovery/servers", foundSchema);
      const found = servers.filter(({ is_local }) => !is_local).map((one) => one.discovered_by);
      return Bun.deepEquals(found, [["dns"], ["dns"]]);
    });
  });

  labTest("with a service finds them at any port", TIMEOUT_MS, async (lab) => {
    const nodes = await lab.machines(2);
    const records = nodes.flatMap(({ number, address }) => [
      `--srv-host=_tankd._tcp.example.test,node${number}.example.test,${9000 + number}`,
      `--host-record=node${number}.example.test,${address}`,
    ]);
    serveNames(lab, nodes, records);
    const [first, second] = nodes;
    if (!first || !second) throw new Error("two machines were asked for");
    first.port = 9001;
    second.port = 9002;
    first.start([...OPTIONS, "--dns", "example.test", "--port", "9001"]);
    second.start([...OPTIONS, "--dns", "_tankd._tcp.example.test", "--port", "9002"]);
    for (const node of nodes) await node.ready();
    await lab.agree();
    await says(first, "running", "example.test: 2 nodes by SRV");
  });

  labTest("of the machine's own domain needs no dot, as in Kubernetes", TIMEOUT_MS, async (lab) => {
    const nodes = await lab.machines(2);
    const domain = "school.svc.cluster.test";
    const records = nodes.map(({ address }) => `--host-record=tanks.${domain},${address}`);
    serveNames(lab, nodes, records, domain);
    for (const node of nodes) node.start([...OPTIONS, "--dns", "tanks"]);
    for (const node of nodes) await node.ready();
    await says(await lab.agree(), "running", "tanks: 2 addresses");
  });

  labTest("that nobody answers for is said, and asked for until it is", TIMEOUT_MS, async (lab) => {
    const nodes = await lab.machines(2);
    for (const node of nodes) {
      lab.network.setNameServer(node.number, GATEWAY);
      node.start([...OPTIONS, "--dns", "tanks.example.test"]);
    }
    for (const node of nodes) await says(await node.ready(), "failed", "no name server listens");
    serveNames(
      lab,
      nodes,
      nodes.map(({ address }) => `--host-record=tanks.example.test,${address}`),
    );
    await lab.agree();
    for (const node of nodes) await says(node, "running", "tanks.example.test: 2 addresses");
  });
});
