import { describe, expect } from "bun:test";
import { rmSync } from "node:fs";
import type { Clock } from "../../../src/platform/clock.ts";
import { realClock } from "../../../src/platform/real/clock.ts";
import { until } from "../../support/commands.ts";
import { HolderProcess, wallOf } from "./holder-process.ts";
import { Holder, heldBy, KEY, overlaps, withHolders } from "./holders.ts";
import { Line } from "./line.ts";
import { type EtcdServers, etcdTest, type ServerOptions } from "./servers.ts";

const IDS = ["a", "b", "c"] as const;
const HOUR_MS = 3_600_000;
const PATIENCE_MS = 60_000;
/** For so long a renewal is relied on. */
const CERTAIN_MS = 7_000;

/** With a key that was given back: one that is not there is taken 8 s later. */
function leaseTest(
  name: string,
  options: ServerOptions,
  body: (servers: EtcdServers) => Promise<void>,
): void {
  etcdTest(name, options, async (servers) => {
    await servers.ctl(["put", KEY, ""]);
    await body(servers);
  });
}

/** The only lease that there is. */
async function revoke(servers: EtcdServers): Promise<void> {
  const [, leaseId = ""] = /found 1 leases\n(\w+)/.exec(await servers.ctl(["lease", "list"])) ?? [];
  await servers.ctl(["lease", "revoke", leaseId]);
}

describe("the lease of the hub in etcd", () => {
  leaseTest("one holds it, the others learn who, and the next takes it", {}, async (servers) => {
    await withHolders(IDS, servers.endpoints, async (holders) => {
      for (const holder of holders) await holder.is("free");
      for (const holder of holders) holder.lease.want(true);
      const first = await heldBy(holders);
      const rest = holders.filter((holder) => holder !== first);
      for (const one of rest) await one.is("taken", first.nodeId);
      expect(await servers.ctl(["get", KEY, "--print-value-only"])).toBe(first.nodeId);
      await first.stop();
      const second = await heldBy(rest);
      for (const one of rest) if (one !== second) await one.is("taken", second.nodeId);
      expect(overlaps(holders)).toEqual([]);
    });
  });

  leaseTest("who does not want it any more gives it back", {}, async (servers) => {
    await withHolders(["a", "b"], servers.endpoints, async ([a, b]) => {
      a.lease.want(true);
      await a.is("held");
      a.lease.want(false);
      await a.is("free");
      await b.is("free");
      expect(await servers.ctl(["get", KEY, "--print-value-only"])).toBe("");
      expect(await servers.ctl(["lease", "list"])).toBe("found 0 leases");
      b.lease.want(true);
      await a.is("taken", "b");
    });
  });

  leaseTest("two nodes with one id do not both hold it", {}, async (servers) => {
    await withHolders(["twin", "twin"], servers.endpoints, async (twins) => {
      for (const twin of twins) twin.lease.want(true);
      const first = await heldBy(twins);
      const other = twins.find((twin) => twin !== first);
      await other?.is("taken", "twin");
      await first.renews();
      await other?.is("taken", "twin");
      expect(overlaps(twins)).toEqual([]);
    });
  });

  leaseTest("a holder whose key or lease was removed by hand is told", {}, async (servers) => {
    await withHolders(["a", "b"], servers.endpoints, async (holders) => {
      const [a, b] = holders;
      a.lease.want(true);
      await a.is("held");
      await b.is("taken", "a");
      a.told.length = 0;
      await servers.ctl(["del", KEY]);
      await a.was("free");
      await a.is("held");
      a.told.length = 0;
      await revoke(servers);
      await a.was("free");
      // At once: nobody else can have had it.
      const lostMs = a.told.at(-1)?.atMs ?? 0;
      await a.is("held");
      expect((a.told.at(-1)?.atMs ?? 0) - lostMs).toBeLessThan(4_000);
      await b.is("taken", "a");
    });
  });

  for (const [what, isSilent] of [
    ["watch is dead", (asked: string) => asked.includes("/v3/watch")],
    ["etcd does not answer", () => true],
  ] as const) {
    leaseTest(`a lease that is ended while the holder's ${what}`, {}, async (servers) => {
      const [member] = servers.endpoints;
      using line = await Line.to(member ?? "");
      const a = new Holder("a", [line.origin]);
      const b = new Holder("b", servers.endpoints);
      try {
        a.lease.want(true);
        await a.is("held");
        b.lease.want(true);
        await b.is("taken", "a");
        await a.renews();
        line.isSilent = isSilent;
        await revoke(servers);
        await b.was("free");
        await heldBy([a, b]);
        await Bun.sleep(CERTAIN_MS);
        expect(overlaps([a, b])).toEqual([]);
      } finally {
        await Promise.all([a.stop(), b.stop()]);
      }
    });
  }

  leaseTest("a holder that dies is followed when its lease has run out", {}, async (servers) => {
    const dying = new HolderProcess("dying", servers.endpoints);
    await withHolders(["next"], servers.endpoints, async ([next]) => {
      await dying.says((told) => told.kind === "held");
      next.lease.want(true);
      await next.is("taken", "dying");
      await Bun.sleep(3_000);
      await dying.kill();
      const killedMs = realClock.monotonicMs();
      await next.is("held");
      expect((next.told.at(-1)?.atMs ?? 0) - killedMs).toBeLessThan(10_000);
    });
  });

  etcdTest("a key that was never there is taken later", {}, async (servers) => {
    await withHolders(["a"], servers.endpoints, async ([a]) => {
      const startedMs = realClock.monotonicMs();
      a.lease.want(true);
      await a.is("held");
      expect((a.told.at(-1)?.atMs ?? 0) - startedMs).toBeGreaterThan(7_500);
    });
  });

  leaseTest("a key that is no lease of a node is told of, with the mend", {}, async (servers) => {
    await withHolders(["a"], servers.endpoints, async ([a]) => {
      await servers.ctl(["put", KEY, "a"]);
      a.lease.want(true);
      expect(await a.is("unknown")).toEqual({
        kind: "unknown",
        reason: `the key ${KEY} of etcd is not a lease of tankd: remove it (etcdctl del ${KEY})`,
      });
      await servers.ctl(["del", KEY]);
      await a.is("held");
    });
  });

  leaseTest("a store that hangs leaves nobody certain, and comes back", {}, async (servers) => {
    await withHolders(IDS, servers.endpoints, async (holders) => {
      for (const holder of holders) holder.lease.want(true);
      const first = await heldBy(holders);
      servers.member(0).signal("SIGSTOP");
      for (const holder of holders) await holder.is("unknown");
      // Not before it was due; the wall clock counts whole milliseconds.
      expect(first.told.at(-1)?.atMs).toBeGreaterThan((first.held.at(-1) ?? 0) - 2);
      servers.member(0).signal("SIGCONT");
      await heldBy(holders);
      expect(overlaps(holders)).toEqual([]);
    });
  });

  leaseTest(
    "a holder that hangs is followed, and believes nothing when it wakes",
    {},
    async (servers) => {
      const frozen = new HolderProcess("frozen", servers.endpoints);
      try {
        await withHolders(["next"], servers.endpoints, async ([next]) => {
          await frozen.says((told) => told.kind === "held");
          await next.is("taken", "frozen");
          next.lease.want(true);
          frozen.signal("SIGSTOP");
          await next.is("held");
          frozen.signal("SIGCONT");
          await frozen.says((told) => told.kind === "taken" && told.holder === "next");
          const [from = 0] = next.beliefs()[0] ?? [];
          const certain = frozen.told.filter((told) => told.kind === "held");
          expect(Math.max(...certain.map(({ until }) => until.wallMs))).toBeLessThan(wallOf(from));
        });
      } finally {
        await frozen.kill();
      }
    },
  );

  leaseTest("a store that restarts keeps the holder", {}, async (servers) => {
    await withHolders(IDS, servers.endpoints, async (holders) => {
      for (const holder of holders) holder.lease.want(true);
      const first = await heldBy(holders);
      await servers.member(0).kill();
      servers.member(0).start();
      await servers.ready();
      await first.renews();
      expect(holders.filter((holder) => holder.held.length > 0)).toEqual([first]);
    });
  });

  leaseTest(
    "a store that has lost its data gives it to nobody for a while",
    {},
    async (servers) => {
      const [member] = servers.members;
      await withHolders(IDS, servers.endpoints, async (holders) => {
        for (const holder of holders) holder.lease.want(true);
        const first = await heldBy(holders);
        await first.renews();
        const renewedMs = first.told.at(-1)?.atMs ?? 0;
        await member?.kill();
        rmSync(member?.directory ?? "", { recursive: true });
        member?.start();
        await first.is("free");
        const next = await heldBy(holders);
        expect(next.told.at(-1)?.atMs).toBeGreaterThan(renewedMs + 8_000);
        expect(overlaps(holders)).toEqual([]);
      });
    },
  );

  leaseTest("a wall clock that jumps ahead ends it until it is renewed", {}, async (servers) => {
    let aheadMs = 0;
    const clock: Clock = {
      monotonicMs: () => realClock.monotonicMs(),
      wallMs: () => realClock.wallMs() + aheadMs,
    };
    const a = new Holder("a", servers.endpoints, { clock });
    try {
      a.lease.want(true);
      await a.is("held");
      // Again and again, as a renewal may come between a jump and the next look at the clock.
      const told = await until("it is certain no more", PATIENCE_MS, async () => {
        aheadMs += HOUR_MS;
        return a.told.find(({ state }) => state.kind === "unknown");
      });
      expect(told.state).toMatchObject({
        reason: "not renewed in time: this machine was suspended or overloaded",
      });
      await a.is("held");
    } finally {
      await a.stop();
    }
  });

  leaseTest("the leader of etcd ends", { members: 3 }, async (servers) => {
    await withHolders(IDS, servers.endpoints, async (holders) => {
      for (const holder of holders) holder.lease.want(true);
      const first = await heldBy(holders);
      const leader = await servers.leader();
      await leader.kill();
      for (let renewals = 0; renewals < 3; renewals++) await first.renews();
      expect(holders.filter((holder) => holder.held.length > 0)).toEqual([first]);
    });
  });

  leaseTest("most members of etcd end, and come back", { members: 3 }, async (servers) => {
    await withHolders(IDS, servers.endpoints, async (holders) => {
      for (const holder of holders) holder.lease.want(true);
      await heldBy(holders);
      const gone = servers.members.slice(1);
      await Promise.all(gone.map((member) => member.kill()));
      for (const holder of holders) await holder.is("unknown");
      for (const member of gone) member.start();
      await heldBy(holders);
      expect(overlaps(holders)).toEqual([]);
    });
  });
});
