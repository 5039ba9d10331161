import { describe, expect, test } from "bun:test";
import type { EtcdAccess } from "../../../src/adapters/etcd/access.ts";
import { EtcdBackend } from "../../../src/adapters/etcd/backend.ts";
import type { Announcement, Nomination } from "../../../src/discovery/backend.ts";
import { realTimers } from "../../../src/platform/real/timers.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { announcementOf } from "../../discovery/announcement.ts";
import { until } from "../../support/commands.ts";
import { Double, HEADER, json } from "./double.ts";
import { type EtcdServers, etcdTest } from "./servers.ts";

const PATIENCE_MS = 60_000;
const PREFIX = "/tankd/tankd/nodes/";

/** A node that announces itself through etcd, with all that was nominated to it. */
class Station {
  readonly heard: Nomination[] = [];
  readonly problems: unknown[] = [];
  readonly backend: EtcdBackend;
  announcement: Announcement;

  constructor(endpoints: readonly string[], nodeId: string, more: Partial<EtcdAccess> = {}) {
    const access = { endpoints, namedBy: "ETCD_ENDPOINTS", keys: "/tankd/", ...more };
    const log = { ...silentLog, warn: (_: string, fields?: object) => this.problems.push(fields) };
    this.backend = new EtcdBackend({ timers: realTimers, log, access });
    this.announcement = announcementOf({ nodeId, bootId: `boot-${nodeId}` });
  }

  async start(part: Partial<Announcement> = {}): Promise<this> {
    this.announcement = { ...this.announcement, ...part };
    await this.backend.start(this.announcement, (nomination) => this.heard.push(nomination));
    return this;
  }

  update(part: Partial<Announcement>): void {
    this.announcement = { ...this.announcement, ...part };
    this.backend.update(this.announcement);
  }

  /** Waits until its key is. */
  async isThere(servers: EtcdServers): Promise<void> {
    const { nodeId } = this.announcement;
    const isThere = async () => (await keyOf(servers, nodeId)) !== "";
    await until(`${nodeId} is there`, PATIENCE_MS, isThere);
  }

  hears(accepts: (nomination: Nomination) => boolean): Promise<Nomination> {
    return until("a node is nominated", PATIENCE_MS, async () => this.heard.find(accepts));
  }

  says(text: string): Promise<string> {
    return until(`the status says ${text}`, PATIENCE_MS, async () => {
      const said = this.backend.describe();
      return said.includes(text) && said;
    });
  }
}

/** Stations for a while. */
async function withStations(
  stations: readonly Station[],
  body: () => Promise<void>,
): Promise<void> {
  try {
    await body();
  } finally {
    await Promise.all(stations.map(({ backend }) => backend.stop()));
  }
}

function keyOf(servers: EtcdServers, nodeId: string): Promise<string> {
  return servers.ctl(["get", `${PREFIX}${nodeId}`, "--print-value-only"]);
}

describe("discovery by etcd", () => {
  etcdTest("nodes hear of each other, of what has changed, and of an end", {}, async (servers) => {
    const [a, b] = [new Station(servers.endpoints, "a"), new Station(servers.endpoints, "b")];
    await withStations([a, b], async () => {
      await a.start({ role: "discovering" });
      await a.isThere(servers);
      await b.start();
      expect(await b.hears(({ nodeId }) => nodeId === "a")).toEqual({
        backend: "etcd",
        addresses: [{ host: "10.0.0.1", port: 8000 }],
        nodeId: "a",
        cluster: "tankd",
        role: "discovering",
        priority: 100,
        bootId: "boot-a",
      });
      await a.hears(({ nodeId }) => nodeId === "b");
      a.update({ role: "hub", addresses: [{ host: "fd00::1", port: 9000 }] });
      const changed = await b.hears(({ role }) => role === "hub");
      expect(changed.addresses).toEqual([{ host: "fd00::1", port: 9000 }]);
      expect(a.backend.describe()).toBe(`at ${servers.endpoints[0]}`);
      expect(a.backend.isWorking()).toBe(true);
      for (const one of [a, b])
        expect(one.heard.map(({ nodeId }) => nodeId)).not.toContain(one.announcement.nodeId);
      await a.backend.stop();
      expect(await keyOf(servers, "a")).toBe("");
      expect(await keyOf(servers, "b")).not.toBe("");
    });
    expect(await servers.ctl(["lease", "list"])).toBe("found 0 leases");
  });

  etcdTest("a refresh nominates all again", {}, async (servers) => {
    const [a, b] = [new Station(servers.endpoints, "a"), new Station(servers.endpoints, "b")];
    await withStations([a, b], async () => {
      await a.start();
      await a.isThere(servers);
      await b.start();
      await b.hears(({ nodeId }) => nodeId === "a");
      b.heard.length = 0;
      b.backend.refresh();
      await b.hears(({ nodeId }) => nodeId === "a");
    });
  });

  etcdTest(
    "a copy of a node is told of, and neither takes the other's place",
    {},
    async (servers) => {
      const [one, other] = [
        new Station(servers.endpoints, "a"),
        new Station(servers.endpoints, "a"),
      ];
      await withStations([one, other], async () => {
        await one.start({ bootId: "first" });
        await one.isThere(servers);
        await other.start({ bootId: "second" });
        await other.hears(({ bootId }) => bootId === "first");
        await one.hears(({ bootId }) => bootId === "second");
        await other.backend.stop();
        await until("the first is there again", PATIENCE_MS, async () =>
          (await keyOf(servers, "a")).includes('"first"'),
        );
      });
    },
  );

  etcdTest("a lease that has ended is replaced, and the key put again", {}, async (servers) => {
    const a = new Station(servers.endpoints, "a");
    await withStations([a], async () => {
      await a.start();
      await a.isThere(servers);
      const [, lease = ""] =
        /found 1 leases\n(\w+)/.exec(await servers.ctl(["lease", "list"])) ?? [];
      await servers.ctl(["lease", "revoke", lease]);
      expect(await keyOf(servers, "a")).toBe("");
      await a.isThere(servers);
    });
  });

  etcdTest(
    "a node without addresses announces nothing and hears of others",
    {},
    async (servers) => {
      const [a, b] = [new Station(servers.endpoints, "a"), new Station(servers.endpoints, "b")];
      await withStations([a, b], async () => {
        await a.start({ addresses: [] });
        await b.start();
        await a.hears(({ nodeId }) => nodeId === "b");
        expect(await keyOf(servers, "a")).toBe("");
      });
    },
  );

  etcdTest(
    "keys of other hands harm nobody, and other clusters are not heard",
    {},
    async (servers) => {
      const ok = { addr: "10.9.9.9:8000", id: "sound" };
      const values = [
        "",
        "no json",
        "[1]",
        "null",
        '"text"',
        '{"addr":7}',
        '{"addr":"<b>x</b>"}',
        '{"__proto__":{"addr":"10.0.0.6:1"}}',
        JSON.stringify({
          addr: "10.0.0.5:8000",
          id: "<script>",
          cluster: "a\u001b[2J",
          boot: "x".repeat(99),
        }),
        JSON.stringify({ ...ok, addr: "10.0.0.4:8000", padding: "x".repeat(10_000) }),
        JSON.stringify({
          ...ok,
          addr: Array.from({ length: 99 }, (_, at) => `10.0.1.${at}:1`).join(),
        }),
      ];
      const a = new Station(servers.endpoints, "a");
      await withStations([a], async () => {
        for (const [at, value] of values.entries())
          await servers.ctl(["put", `${PREFIX}${at}`, "--", value]);
        await servers.ctl(["put", "/tankd/tankd2/nodes/x", JSON.stringify(ok)]);
        await servers.ctl(["put", "/tankd/other/nodes/x", JSON.stringify(ok)]);
        await a.start();
        await a.hears(({ addresses }) => addresses.length > 1);
        await servers.ctl(["put", `${PREFIX}later`, JSON.stringify({ addr: "10.0.0.3:1" })]);
        await a.hears(({ addresses }) => addresses[0]?.host === "10.0.0.3");
        expect(
          a.heard.map(({ addresses }) => `${addresses[0]?.host} ${addresses.length}`).sort(),
        ).toEqual(["10.0.0.3 1", "10.0.0.5 1", "10.0.1.0 8"]);
        const marked = a.heard.find(({ addresses }) => addresses[0]?.host === "10.0.0.5");
        expect(Object.keys(marked ?? {}).sort()).toEqual(["addresses", "backend", "nodeId"]);
        expect(a.backend.isWorking()).toBe(true);
      });
    },
  );

  etcdTest("a server that ends is told of, and is found again", {}, async (servers) => {
    const [a, b] = [new Station(servers.endpoints, "a"), new Station(servers.endpoints, "b")];
    await withStations([a, b], async () => {
      await a.start();
      await a.isThere(servers);
      await servers.member(0).kill();
      await a.says("connection refused (start it, or set ETCD_ENDPOINTS)");
      expect(a.backend.isWorking()).toBe(false);
      servers.member(0).start();
      await b.start();
      await a.hears(({ nodeId }) => nodeId === "b");
      await until("it works again", PATIENCE_MS, async () => a.backend.isWorking());
    });
  });

  etcdTest("one member of three that ends is missed by nobody", { members: 3 }, async (servers) => {
    const leader = await servers.leader();
    const [gone, ...others] = servers.members.filter((member) => member !== leader);
    const endpoints = [gone, ...others, leader].flatMap((member) => member?.origin ?? []);
    const [a, b] = [new Station(endpoints, "a"), new Station(endpoints, "b")];
    await withStations([a, b], async () => {
      await a.start();
      await a.isThere(servers);
      await gone?.kill();
      await a.says(`at ${others[0]?.origin}`);
      await b.start();
      await a.hears(({ nodeId }) => nodeId === "b");
      expect(a.problems).toEqual([]);
    });
  });

  etcdTest("a compacted history costs nothing", {}, async (servers) => {
    const [a, b] = [new Station(servers.endpoints, "a"), new Station(servers.endpoints, "b")];
    await withStations([a, b], async () => {
      await a.start();
      for (let at = 0; at < 5; at++) await servers.ctl(["put", "x", `${at}`]);
      const { header } = JSON.parse(await servers.ctl(["get", "x", "-w", "json"]));
      await servers.ctl(["compact", String(header.revision)]);
      await servers.member(0).kill();
      servers.member(0).start();
      await b.start();
      await a.hears(({ nodeId }) => nodeId === "b");
      await b.hears(({ nodeId }) => nodeId === "a");
    });
  });

  etcdTest("users: none, a wrong password, too few rights, and enough", {}, async (servers) => {
    const root = ["--user", "root:secret"];
    for (const command of [
      "user add root:secret",
      "user grant-role root root",
      "user add fish:sea",
      "role add tankd",
      "user grant-role fish tankd",
      "auth enable",
    ]) {
      await servers.ctl(command.split(" "));
    }
    const at = (more: Partial<EtcdAccess>) => new Station(servers.endpoints, "a", more);
    const [none, wrong] = [at({}), at({ user: "fish", password: "land" })];
    const fish = at({ user: "fish", password: "sea" });
    await withStations([none, wrong, fish], async () => {
      await Promise.all([none, wrong, fish].map((one) => one.start()));
      await none.says("requires a user: set TANKD_ETCD_USER and TANKD_ETCD_PASSWORD");
      await wrong.says("refuses the user or the password");
      await fish.says(
        'keeps the user "fish" from its keys: grant a role with readwrite on /tankd/',
      );
      const grant = ["role", "grant-permission", "tankd", "--prefix=true", "readwrite", "/tankd/"];
      await servers.ctl([...root, ...grant]);
      await until("its rights are enough", PATIENCE_MS, async () => fish.backend.isWorking());
      expect(wrong.backend.isWorking()).toBe(false);
      const found = await servers.ctl([...root, "get", `${PREFIX}a`]);
      expect(found).toContain("boot-a");
    });
  });
});

test("a thousand nodes are all nominated, and more are left out", async () => {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  const kvs = Array.from({ length: 2_000 }, (_, at) => ({
    key: encode(`${PREFIX}n${at}`),
    mod_revision: "3",
    value: encode(JSON.stringify({ id: `n${at}`, addr: "10.0.0.1:8000" })),
  }));
  await using double = new Double(({ path, body }) => {
    const isAll = JSON.stringify(body).includes("range_end");
    return path === "/v3/kv/range" && isAll
      ? json({ header: HEADER, kvs })
      : json({ header: HEADER });
  });
  const a = new Station([double.origin], "a");
  await withStations([await a.start()], async () => {
    await a.hears(({ nodeId }) => nodeId === "n1023");
    expect(new Set(a.heard.map(({ nodeId }) => nodeId)).size).toBe(1_024);
  });
});
