import { describe, expect } from "bun:test";
import { z } from "zod";
import { until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";

const TIMEOUT_MS = 150_000;
const OPTIONS = ["--no-auto-connect", "--tanks", "0"];

const reportSchema = z.object({
  ok: z.boolean(),
  checks: z.array(
    z.object({
      id: z.string(),
      result: z.enum(["ok", "warn", "fail", "unknown"]),
      what: z.string(),
      mend: z.string().nullable(),
    }),
  ),
});
type Report = z.infer<typeof reportSchema>;

/** What `tankd doctor` says on a machine, and its exit code. */
async function examine(node: Node): Promise<Report & { readonly exitCode: number | null }> {
  const { exitCode, stdout } = await node.cli("doctor", "--json");
  return { exitCode, ...reportSchema.parse(JSON.parse(stdout)) };
}

const failed = ({ checks }: Report) =>
  checks.filter(({ result }) => result === "fail").map(({ id }) => id);
const byId = ({ checks }: Report, id: string) => checks.find((check) => check.id === id);

/** Types a command on a machine, as root. */
async function type(node: Node, command: string): Promise<void> {
  const plain = command.replaceAll("sudo ", "");
  const { exitCode, stderr } = await node.exec(["sh", "-c", plain], "/");
  if (exitCode !== 0) throw new Error(`${plain}: ${stderr}`);
}

/** A firewall with one rule. */
async function firewall(node: Node, rule: string): Promise<void> {
  await type(node, "nft add table inet home");
  await type(node, "nft add chain inet home in '{ type filter hook input priority 0; }'");
  await type(node, `nft add rule inet home in ${rule}`);
}

/** A hub and a worker, in this order. */
async function pair(lab: Lab): Promise<readonly [Node, Node]> {
  const [hub, worker] = await lab.machines(2);
  if (!hub || !worker) throw new Error("two machines were asked for");
  for (const node of [hub, worker]) {
    node.start(OPTIONS);
    await node.ready();
  }
  await lab.agree();
  return [hub, worker];
}

describe("the doctor", () => {
  labTest(
    "finds nothing where nothing is wrong, with a node and without",
    TIMEOUT_MS,
    async (lab) => {
      const [hub, worker] = await pair(lab);
      for (const [node, other] of [
        [hub, worker],
        [worker, hub],
      ] as const) {
        const report = await examine(node);
        expect({ ok: report.ok, exitCode: report.exitCode, failed: failed(report) }).toEqual({
          ok: true,
          exitCode: 0,
          failed: [],
        });
        const fine = report.checks.filter(({ result }) => result === "ok").map(({ id }) => id);
        expect(fine).toEqual(
          expect.arrayContaining([
            "node",
            "interfaces",
            "announced",
            "multicast:eth0:IPv4",
            "multicast:eth0:IPv6",
            `outside:${node.authority}`,
            "firewall",
            "discovery:mdns",
            `peer:${other.nodeId}`,
            "clock",
            "descriptors",
            "sqlite",
            "directory",
          ]),
        );
      }
      const bare = await lab.machine();
      const report = await examine(bare);
      expect([report.exitCode, failed(report), byId(report, "port")?.result]).toEqual([
        0,
        [],
        "ok",
      ]);
      // Both nodes answer the question of a machine on which none runs.
      expect(byId(report, "multicast:eth0:IPv4")?.what).not.toContain(" 0 heard of other nodes");
    },
  );

  labTest(
    "names a firewall that drops multicast, and what it says mends it",
    TIMEOUT_MS,
    async (lab) => {
      const node = await lab.machine();
      await firewall(node, "udp dport 5353 drop");
      node.start(OPTIONS);
      await node.ready();
      const report = await examine(node);
      expect([report.exitCode, failed(report)]).toEqual([
        1,
        ["multicast:eth0:IPv4", "multicast:eth0:IPv6", "firewall:5353/udp"],
      ]);
      const { what, mend } = byId(report, "multicast:eth0:IPv4") ?? {};
      expect(what).toContain("this machine drops UDP port 5353");
      expect(mend).toBe("sudo nft insert rule inet home in udp dport 5353 accept");

      const said = await until("alone in the status", PROMPTLY_MS, async () => {
        const { stdout } = await node.cli("status");
        return stdout.includes("alone ") && stdout;
      });
      expect(said).toMatch(/^ {2}mdns on eth0 +\d+ sent, 0 heard of other nodes/m);
      expect(said).toMatch(/^ {2}because +not even its own packets come back on eth0/m);
      await until("said in the log", PROMPTLY_MS, async () =>
        node.logTail(200).includes("no other node is found"),
      );

      await type(node, mend ?? "");
      expect(failed(await examine(node))).toEqual([]);
    },
  );

  labTest(
    "names a port that others do not reach, and what it says mends it",
    TIMEOUT_MS,
    async (lab) => {
      const [hub, worker] = await pair(lab);
      await firewall(worker, "iifname != lo tcp dport 8000 drop");
      const report = await examine(worker);
      const id = `outside:${worker.authority}`;
      expect([report.exitCode, failed(report)]).toEqual([1, [id]]);
      const { what, mend } = byId(report, id) ?? {};
      expect(what).toContain("1 of 1 do not reach it");
      expect(what).toContain("no answer in time");
      expect(mend).toBe("sudo nft insert rule inet home in tcp dport 8000 accept");
      const seen = await examine(hub);
      expect(failed(seen)).toEqual([`peer:${worker.nodeId}`]);

      await type(worker, mend ?? "");
      for (const node of [worker, hub]) expect(failed(await examine(node))).toEqual([]);
    },
  );

  labTest(
    "tells of a node alone what it has sent and heard, and no more once it is not",
    TIMEOUT_MS,
    async (lab) => {
      const [first, second] = await lab.machines(2);
      if (!first || !second) throw new Error("two machines were asked for");
      first.start(OPTIONS);
      await first.ready();
      const alone = await until("alone in the status", PROMPTLY_MS, async () => {
        const { stdout } = await first.cli("status");
        return stdout.includes("alone ") && stdout;
      });
      expect(alone).toMatch(/^ {2}mdns on eth0 +[1-9]\d* sent, 0 heard of other nodes/m);
      expect(alone).toMatch(/^ {2}perhaps +nothing is heard on eth0 but its own packets/m);
      const report = await examine(first);
      expect([report.exitCode, byId(report, "alone:mdns_silence:eth0")?.result]).toEqual([
        0,
        "warn",
      ]);
      second.start(OPTIONS);
      await second.ready();
      await lab.agree();
      for (const node of [first, second]) {
        expect((await node.cli("status")).stdout).not.toContain("alone ");
      }
    },
  );
});
