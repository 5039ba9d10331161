import { expect, test } from "bun:test";
import { until } from "../../support/commands.ts";
import { type Asked, Double, HEADER, json, silence } from "./double.ts";
import { Holder, withHolders } from "./holders.ts";

const PATIENCE_MS = 30_000;
const encode = (text: string) => Buffer.from(text).toString("base64");

/** An etcd with one key, which is under a lease or none, and whose answers can be bent. */
class LeaseStore extends Double {
  keepAliveTerm = HEADER.raft_term;
  clusterId = HEADER.cluster_id;
  hangs: (path: string) => boolean = () => false;
  /** Undefined where the key is not there. */
  value: string | undefined = "";
  /** What is left of the holder's lease, in whole seconds, and the term of who says so. */
  left = "8";
  leftTerm = HEADER.raft_term;
  lease = "77";
  /** For how long it grants one. */
  granted = "8";
  #watches: ReadableStreamDefaultController<Uint8Array>[] = [];

  constructor() {
    super((asked) => (this.hangs(asked.path) ? silence() : this.#answer(asked)));
  }

  /** How often a path was asked. */
  count(path: string): number {
    return this.asked.filter((asked) => asked.path === path).length;
  }

  /** Puts another value under another lease. */
  take(value: string): void {
    this.lease = "78";
    this.put(value);
  }

  /** Puts another value, and tells those who watch. */
  put(value: string | undefined): void {
    this.value = value;
    for (const watch of this.#watches) watch.enqueue(line({ result: { events: [{ kv: {} }] } }));
  }

  #answer({ path, body }: Asked): Response | Promise<Response> {
    const header = { ...HEADER, cluster_id: this.clusterId };
    const result = { header: { ...header, raft_term: this.keepAliveTerm }, ID: "77", TTL: "8" };
    if (path === "/v3/lease/grant") return json({ header, ID: "77", TTL: this.granted });
    if (path === "/v3/lease/keepalive") return json({ result });
    if (path === "/v3/lease/timetolive") {
      return json({ header: { ...header, raft_term: this.leftTerm }, TTL: this.left });
    }
    if (path === "/v3/kv/range") {
      const lease = this.value === "" ? {} : { lease: this.lease };
      const kvs = this.value === undefined ? [] : [{ value: encode(this.value), ...lease }];
      return json({ header, kvs });
    }
    if (path === "/v3/kv/txn") {
      this.value = JSON.stringify(body).includes('"LEASE"') ? "" : "a";
      return json({ header, succeeded: true });
    }
    return path === "/v3/watch" ? this.#watch() : json({ header });
  }

  #watch(): Response {
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      this.#watches.push(controller);
      controller.enqueue(line({ result: { created: true } }));
    };
    return new Response(new ReadableStream({ start }));
  }
}

function line(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

test("a watch tells what has changed, without a timer", async () => {
  await using store = new LeaseStore();
  const a = new Holder("a", [store.origin], { timers: { after: () => () => {} } });
  try {
    await a.is("free");
    await until("it watches", PATIENCE_MS, async () => store.count("/v3/kv/range") > 1);
    store.put("b");
    await a.is("taken", "b");
  } finally {
    await a.stop();
  }
});

test("who has lost it is told before anything else is asked", async () => {
  await using store = new LeaseStore();
  await withHolders(["a"], [store.origin], async ([a]) => {
    a.lease.want(true);
    await a.renews();
    const { length } = a.told;
    store.hangs = (path) => path === "/v3/kv/txn" || path === "/v3/lease/revoke";
    store.take("b");
    await until("it is told", PATIENCE_MS, async () => a.told.length > length);
    expect(a.told[length]?.state).toEqual({ kind: "taken", holder: "b" });
  });
});

test("a renewal by a leader that was deposed does not count", async () => {
  await using store = new LeaseStore();
  await withHolders(["a"], [store.origin], async ([a]) => {
    a.lease.want(true);
    await a.renews();
    store.keepAliveTerm = "1";
    const before = store.count("/v3/lease/keepalive");
    const told = a.told.length;
    await until(
      "it has tried",
      PATIENCE_MS,
      async () => store.count("/v3/lease/keepalive") > before + 5,
    );
    expect(a.told.slice(told)).toEqual([]);
    store.keepAliveTerm = "2";
    await a.renews();
  });
});

test.each([
  ["was seen to run out is taken at once", HEADER.raft_term, true],
  ["was at its end only by the word of a leader that was deposed is not", "1", false],
])("a lease that %s", async (_, term, isTaken) => {
  await using store = new LeaseStore();
  await withHolders(["a"], [store.origin], async ([a]) => {
    store.left = "0";
    store.leftTerm = term;
    store.put("b");
    a.lease.want(true);
    await a.is("taken", "b");
    await until("it looks", PATIENCE_MS, async () => store.count("/v3/lease/timetolive") > 1);
    store.left = "-1";
    store.put(undefined);
    await a.was("free");
    await Bun.sleep(1_000);
    expect(a.told.at(-1)?.state.kind).toBe(isTaken ? "held" : "free");
  });
});

test("a lease that is granted for longer is relied on for no longer than others wait", async () => {
  await using store = new LeaseStore();
  store.granted = "15";
  await withHolders(["a"], [store.origin], async ([a]) => {
    a.lease.want(true);
    await a.is("held");
    expect((a.held[0] ?? 0) - (a.told.at(-1)?.atMs ?? 0)).toBeLessThan(7_000);
  });
});

test("another etcd behind the same address is not believed", async () => {
  await using store = new LeaseStore();
  await withHolders(["a"], [store.origin], async ([a]) => {
    await a.is("free");
    store.clusterId = "8";
    a.lease.want(true);
    expect(await a.is("unknown")).toMatchObject({
      reason: expect.stringContaining("etcd is another one than before"),
    });
    store.clusterId = "7";
    await a.is("held");
  });
});

test("who stops gives it back, and does not wait for a store that hangs", async () => {
  await using store = new LeaseStore();
  await withHolders(["a"], [store.origin], async ([a]) => {
    a.lease.want(true);
    await a.is("held");
    a.lease.want(false);
    await a.is("free");
    expect(store.count("/v3/lease/revoke")).toBe(1);
    a.lease.want(true);
    await a.is("held");
    store.hangs = () => true;
    // Ends by its own bound, or this test never does.
    await a.stop();
    const last = store.asked.at(-1);
    expect(last?.path).toBe("/v3/kv/txn");
    expect(JSON.stringify(last?.body)).toContain('"target":"LEASE","lease":"77"');
  });
});

test("a holder is named as it is, and garbage in its place is not", async () => {
  await using store = new LeaseStore();
  await withHolders(["a"], [store.origin], async ([a]) => {
    store.put("b".repeat(20));
    await a.is("taken", "b".repeat(20));
    store.put("<b>\u001b[2J</b>");
    expect(await a.is("unknown")).toMatchObject({
      reason: expect.stringContaining("is not a lease"),
    });
  });
});
