import { expect, test } from "bun:test";
import { ConsulLease } from "../../src/adapters/consul/lease.ts";
import { EtcdLease } from "../../src/adapters/etcd/lease.ts";
import { createLease } from "../../src/node/lease.ts";
import { resolveSettings } from "../../src/node/settings/resolve.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";

const host = new SimulatedWorld({ seed: 1 }).addHost({ name: "a" }).boot();

function settings(lease: string | undefined) {
  const environment = lease === undefined ? {} : { TANKD_LEASE: lease };
  return resolveSettings({ flags: {}, environment, files: [], readSecret: () => "" }).values;
}

test("the URL names the store", () => {
  expect(createLease(settings(undefined), host)).toBeUndefined();
  for (const url of ["etcd://a,b:1/key", "etcds://a", "etcd://[fd00::5]:2379"]) {
    const lease = createLease(settings(url), host);
    expect(lease).toBeInstanceOf(EtcdLease);
    expect(lease?.url).toBe(url);
  }
  for (const url of ["consul://a/some/key", "consuls://a:1"]) {
    const lease = createLease(settings(url), host);
    expect(lease).toBeInstanceOf(ConsulLease);
    expect(lease?.url).toBe(url);
  }
});

test("what names none is refused in one sentence, which keeps a password", () => {
  const none = [
    "etcd",
    "http://a:2379",
    "postgres://a",
    "etcd://",
    "etcd://a,,b",
    "etcd://a?x=1",
    "consul://a,b",
    "consul://a/../b",
    `etcd://a/${"k".repeat(300)}`,
  ];
  for (const url of none) {
    expect(() => settings(url)).toThrow(/^lease cannot be .* \(from TANKD_LEASE\): give etcd:/);
  }
  for (const url of ["etcd://root:hunter2@a", "consul://:hunter2@a:1", "etcd://u:hunter2:x@y@a"]) {
    expect(() => settings(url)).toThrow(":…@a");
    expect(() => settings(url)).not.toThrow("hunter2");
  }
});
