import { describe, expect, test } from "bun:test";
import { ServiceCache } from "../../../src/adapters/mdns/cache.ts";
import { type DnsRecord, goodbyeOf, TYPE_NAME } from "../../../src/adapters/mdns/records.ts";
import { LIMITS } from "../../../src/platform/limits.ts";

const SECOND = 1_000;

function records(id: string, address = "10.0.0.1", flush = true): readonly DnsRecord[] {
  const name = `${id}.${TYPE_NAME}`;
  const target = `${id}.local`;
  return [
    { name: TYPE_NAME, type: "PTR", ttl: 4500, flush: false, data: name },
    { name, type: "SRV", ttl: 120, flush, data: { port: 8000, target } },
    { name, type: "TXT", ttl: 4500, flush, data: [`id=${id}`] },
    { name: target, type: "A", ttl: 120, flush, data: address },
  ];
}

function setUp() {
  const forgotten: string[] = [];
  const cache = new ServiceCache((instance) => forgotten.push(instance));
  const ids = (nowMs: number) =>
    cache.services(nowMs).map(({ instance }) => instance.split(".", 1)[0]);
  return { cache, forgotten, ids };
}

describe("the cache of services", () => {
  test("lets records live as long as they say", () => {
    const { cache, forgotten } = setUp();
    cache.observe(records("a"), "10.0.0.1", 0);
    expect(cache.services(119 * SECOND)[0]).toMatchObject({ complete: true, port: 8000 });
    expect(cache.services(120 * SECOND)[0]).toMatchObject({ complete: false, addresses: [] });
    expect(cache.services(4_500 * SECOND)).toEqual([]);
    expect(forgotten).toEqual([`a.${TYPE_NAME}`]);
  });

  test("counts as known only what is complete and in the first half of its life", () => {
    const { cache } = setUp();
    cache.observe(records("a"), "10.0.0.1", 0);
    expect(cache.knownPointers(100 * SECOND)).toMatchObject([{ ttl: 4_400 }]);
    expect(cache.knownPointers(121 * SECOND)).toEqual([]);
    cache.observe(records("a").slice(1), "10.0.0.1", 2_240 * SECOND);
    expect(cache.knownPointers(2_249 * SECOND)).toHaveLength(1);
    expect(cache.knownPointers(2_251 * SECOND)).toEqual([]);
  });

  test("forgets a second after a goodbye, and nothing is kept of one that was not there", () => {
    const { cache, ids } = setUp();
    cache.observe(records("a"), "10.0.0.1", 0);
    cache.observe(goodbyeOf([...records("a"), ...records("b")]), "10.0.0.1", SECOND);
    expect(ids(1_999)).toEqual(["a"]);
    expect(ids(2_000)).toEqual([]);
  });

  test("replaces addresses a second old by those with the cache-flush bit, and else adds", () => {
    const { cache } = setUp();
    const addresses = (nowMs: number) => cache.services(nowMs)[0]?.addresses;
    cache.observe(records("a", "10.0.0.1"), "10.0.0.1", 0);
    cache.observe(records("a", "10.0.0.2"), "10.0.0.1", SECOND);
    expect(addresses(SECOND)).toEqual(["10.0.0.1", "10.0.0.2"]);
    cache.observe(records("a", "10.0.0.3", false), "10.0.0.1", 5 * SECOND);
    expect(addresses(5 * SECOND)).toHaveLength(3);
    cache.observe(records("a", "10.0.0.4"), "10.0.0.1", 10 * SECOND);
    expect(addresses(10 * SECOND)).toEqual(["10.0.0.4"]);
  });

  test("keeps no more than eight addresses, and only literals of their family", () => {
    const { cache } = setUp();
    const target = "a.local";
    const head = { name: target, ttl: 120, flush: false } as const;
    const many = Array.from({ length: 20 }, (_, number): DnsRecord => {
      return { ...head, type: "A", data: `10.0.1.${number}` };
    });
    const wrong: readonly DnsRecord[] = [
      { ...head, type: "A", data: "fe80::1" },
      { ...head, type: "AAAA", data: "localhost" },
    ];
    cache.observe([...records("a"), ...wrong, ...many], "10.0.0.1", 0);
    expect(cache.services(0)[0]?.addresses).toHaveLength(LIMITS.addressesPerServerMax);
  });

  test("lets a source that says too much replace only its own newest", () => {
    const { cache, ids } = setUp();
    cache.observe(records("real"), "10.0.0.1", 0);
    cache.observe(records("neighbour"), "10.0.0.66", 0);
    for (let number = 0; number < 10_000; number++) {
      cache.observe(records(`fake${number}`), "10.0.0.66", 30 * SECOND + number);
    }
    expect(ids(40 * SECOND)).toContain("real");
    expect(ids(40 * SECOND)).toContain("neighbour");
    expect(ids(40 * SECOND)).toHaveLength(1 + LIMITS.mdnsServicesPerSourceMax);
    expect(cache.isSettled("10.0.0.1", 40 * SECOND)).toBe(true);
    expect(cache.isSettled("10.0.0.66", 40 * SECOND)).toBe(false);
  });

  test("when it is full takes the room from the source that says most", () => {
    const { cache, ids } = setUp();
    cache.observe(records("real"), "10.0.0.1", 0);
    for (let source = 0; source < 20; source++) {
      for (let number = 0; number < LIMITS.mdnsServicesPerSourceMax; number++) {
        cache.observe(records(`fake${source}-${number}`), `10.0.1.${source}`, SECOND);
      }
    }
    cache.observe(records("newcomer"), "10.0.0.2", 2 * SECOND);
    expect(ids(2 * SECOND)).toHaveLength(LIMITS.mdnsServicesMax);
    expect(ids(2 * SECOND)).toContain("real");
    expect(ids(2 * SECOND)).toContain("newcomer");
  });

  test("takes no names of other types, and none that are too long", () => {
    const { cache, ids } = setUp();
    const pointer = (data: string): DnsRecord => {
      return { name: TYPE_NAME, type: "PTR", ttl: 4500, flush: false, data };
    };
    cache.observe(
      [
        pointer("a._http._tcp.local"),
        pointer(TYPE_NAME),
        pointer(`${"x".repeat(80)}.${TYPE_NAME}`),
      ],
      "10.0.0.1",
      0,
    );
    expect(ids(0)).toEqual([]);
  });
});
