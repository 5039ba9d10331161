import { expect, test } from "bun:test";
import { until } from "../../support/commands.ts";
import { Double, HEADER, json, silence } from "./double.ts";
import { withHolders } from "./holders.ts";

const PATIENCE_MS = 30_000;
const encode = (text: string) => Buffer.from(text).toString("base64");

/** An etcd whose key holds what its lease 77 has put, and whose answers can be bent. */
function leaseStore(bend: { keepAliveTerm?: string; clusterId?: string; hangs?: boolean }) {
  let holder: string | undefined;
  return new Double(({ path, body }) => {
    const header = { ...HEADER, cluster_id: bend.clusterId ?? HEADER.cluster_id };
    if (bend.hangs) return silence();
    switch (path) {
      case "/v3/lease/grant":
        return json({ header, ID: "77", TTL: "8" });
      case "/v3/lease/keepalive":
        return json({
          result: {
            header: { ...header, raft_term: bend.keepAliveTerm ?? "2" },
            ID: "77",
            TTL: "8",
          },
        });
      case "/v3/kv/txn":
        holder = /"value":"([^"]+)"/.exec(JSON.stringify(body))?.[1];
        return json({ header, succeeded: true });
      case "/v3/lease/revoke":
        holder = undefined;
        return json({ header });
      case "/v3/kv/range":
        return json({
          header,
          kvs: holder === undefined ? [] : [{ key: "aw==", value: holder, lease: "77" }],
        });
      default:
        return silence();
    }
  });
}

test("a renewal by a leader that was deposed does not count", async () => {
  const bend: Parameters<typeof leaseStore>[0] = {};
  await using store = leaseStore(bend);
  await withHolders(["a"], [store.origin], async ([a]) => {
    a.lease.want(true);
    await a.renews();
    bend.keepAliveTerm = "1";
    const renewals = () => store.asked.filter(({ path }) => path === "/v3/lease/keepalive").length;
    const before = renewals();
    const told = a.told.length;
    await until("it has tried", PATIENCE_MS, async () => renewals() > before + 5);
    expect(a.told.slice(told)).toEqual([]);
    bend.keepAliveTerm = "2";
    await a.renews();
  });
});

test("another etcd behind the same address is not believed", async () => {
  const bend: Parameters<typeof leaseStore>[0] = {};
  await using store = leaseStore(bend);
  await withHolders(["a"], [store.origin], async ([a]) => {
    await a.is("free");
    bend.clusterId = "8";
    a.lease.want(true);
    expect(await a.is("unknown")).toEqual({
      kind: "unknown",
      reason:
        `etcd at ${store.origin} is of another cluster of etcd than the one before: name ` +
        "members of one in --lease; if it was set up anew, restart this node",
    });
    bend.clusterId = "7";
    await a.is("held");
  });
});

test("who stops gives it back, and does not wait for a store that hangs", async () => {
  const bend: Parameters<typeof leaseStore>[0] = {};
  await using store = leaseStore(bend);
  await withHolders(["a"], [store.origin], async ([a]) => {
    a.lease.want(true);
    await a.is("held");
    bend.hangs = true;
    // Ends by its own bound, or this test never does.
    await a.stop();
    const last = store.asked.at(-1);
    expect([last?.path, last?.body]).toEqual(["/v3/lease/revoke", { ID: "77" }]);
  });
});

test("a holder is named as it is, and garbage in its place is not", async () => {
  let value = encode("b".repeat(20));
  await using store = new Double(({ path }) =>
    path === "/v3/kv/range" ? json({ header: HEADER, kvs: [{ value, lease: "5" }] }) : silence(),
  );
  await withHolders(["a"], [store.origin], async ([a]) => {
    await a.is("taken", "b".repeat(20));
    value = encode("<b>\u001b[2J</b>");
    a.lease.want(true);
    expect(await a.is("unknown")).toMatchObject({ reason: expect.stringContaining("is no lease") });
  });
});
