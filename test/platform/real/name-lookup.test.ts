import { expect, test } from "bun:test";
import { LIMITS } from "../../../src/platform/limits.ts";
import { NetworkError } from "../../../src/platform/network.ts";
import { NameLookup } from "../../../src/platform/real/name-lookup.ts";

const never = () => new Promise<never>(() => {});

async function failureOf(answer: Promise<unknown>): Promise<string> {
  const error = await answer.catch((caught: unknown) => caught);
  return error instanceof NetworkError ? error.failure : `no failure: ${JSON.stringify(error)}`;
}

test("a name of /etc/hosts has its addresses", async () => {
  const addresses = await new NameLookup().resolve("localhost");
  expect(addresses.length).toBeGreaterThan(0);
  for (const one of addresses) expect(["127.0.0.1", "::1"]).toContain(one);
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["2001:db8::7", "2001:db8::7"],
  ["[2001:db8::7]", "2001:db8::7"],
  ["fe80::7%eth0", "fe80::7%eth0"],
])("the literal %s is not looked up", async (literal, address) => {
  expect(await new NameLookup(never).resolve(literal)).toEqual([address]);
});

test("all addresses come, each once", async () => {
  const found = ["192.0.2.1", "2001:db8::1", "192.0.2.1"].map((address) => ({ address }));
  const names = new NameLookup(async () => found);
  expect(await names.resolve("hub.example")).toEqual(["192.0.2.1", "2001:db8::1"]);
});

test("an unknown name is unreachable", async () => {
  expect(await failureOf(new NameLookup().resolve("no-such-host.invalid"))).toBe("unreachable");
});

test.each(["", "x".repeat(254)])("no name at all is unreachable", async (host) => {
  expect(await failureOf(new NameLookup(never).resolve(host))).toBe("unreachable");
});

test("a name server that never answers is a timeout and is not asked again meanwhile", async () => {
  let asked = 0;
  const silent = new NameLookup(() => {
    asked++;
    return never();
  }, 20);
  expect(await failureOf(silent.resolve("hub.example"))).toBe("timeout");
  expect(await failureOf(silent.resolve("hub.example"))).toBe("timeout");
  expect(asked).toBe(1);
});

test("lookups under way are bounded, literals go on", async () => {
  const silent = new NameLookup(never, 20);
  const waiting = Array.from({ length: LIMITS.nameLookupsPendingMax }, (_, index) =>
    failureOf(silent.resolve(`host${index}.example`)),
  );
  expect(await failureOf(silent.resolve("one-more.example"))).toBe("unreachable");
  expect(await silent.resolve("192.0.2.1")).toEqual(["192.0.2.1"]);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["timeout"]));
});

test("lookups that hang leave a thread for the files", async () => {
  const asked: string[] = [];
  const hang = Promise.withResolvers<never>();
  const lookup = (host: string) => {
    asked.push(host);
    return host === "good.example" ? Promise.resolve([{ address: "192.0.2.1" }]) : hang.promise;
  };
  const names = new NameLookup(lookup, 20, 2);
  const hanging = ["a.example", "b.example", "c.example"].map((host) => names.resolve(host));
  expect(await Promise.all(hanging.map(failureOf))).toEqual(Array(3).fill("timeout"));
  expect(asked).toEqual(["a.example", "b.example"]);
  hang.reject(new Error("no name server answers"));
  expect(await names.resolve("good.example")).toEqual(["192.0.2.1"]);
});

test("a failed lookup is forgotten: the name may be known the next time", async () => {
  let known = false;
  const names = new NameLookup(async () => {
    if (!known) throw Object.assign(new Error("not there"), { code: "ENOTFOUND" });
    return [{ address: "192.0.2.1" }];
  });
  expect(await failureOf(names.resolve("hub.example"))).toBe("unreachable");
  known = true;
  expect(await names.resolve("hub.example")).toEqual(["192.0.2.1"]);
});
