import { describe, expect, test } from "bun:test";
import type { ResolvedSettings, SettingSources } from "../../../src/node/settings/resolve.ts";
import { resolveSettings } from "../../../src/node/settings/resolve.ts";
import { Problem } from "../../../src/platform/errors.ts";

function resolve(parts: Partial<SettingSources>): ResolvedSettings {
  const nothing = { flags: {}, environment: {}, files: [], readSecret: () => "secret" };
  return resolveSettings({ ...nothing, ...parts });
}

/** Backends that fail, each with the setting that it fails by. */
function faults(parts: Partial<SettingSources>): readonly string[] {
  return resolve(parts).faults.map(({ backend, key }) => `${backend}: ${key}`);
}

const MALFORMED = [
  ["ETCD_ENDPOINTS", "http://a:2379,1.2.3.4.5:99", "etcd", "etcdEndpoints"],
  ["CONSUL_HTTP_ADDR", "::::", "consul", "consul"],
  ["CONSUL_HTTP_SSL", "perhaps", "consul", "consulSsl"],
  ["SERF_JOIN", ":::", "serf", "serfJoin"],
  ["SERF_RPC_ADDR", "10.0.0.256", "serf", "serfRpcAddr"],
  ["TANKD_STATIC", "10.0.0.7:0", "static", "static"],
  ["TANKD_DNS", "10.0.0.7", "dns", "dns"],
  ["DISCOVERY_SERVER_URL", "https://hub", "hub", "hub"],
  ["TANKD_TAILSCALE_PROXY", "nonsense", "tailscale", "tailscaleProxy"],
] as const;

describe("a malformed value is a failure of one backend", () => {
  test.each(MALFORMED)("%s=%s", (variable, value, backend, key) => {
    const { values, faults } = resolve({ environment: { [variable]: value } });
    expect(faults.map((one) => [one.backend, one.key])).toEqual([[backend, key]]);
    const [line = ""] = faults.map(({ reason }) => reason);
    expect(line).toContain(` cannot be "${value.split(",").at(-1)}" (from ${variable}): give `);
    expect(line).not.toContain("\n");
    expect(values[key]).toEqual(resolve({}).values[key]);
  });

  test("also in a file, of the wrong type, and in a secret or its file", () => {
    const etcd = { path: "/f", content: { etcd_endpoints: 5, consul: ["a"] } };
    expect(faults({ files: [etcd] })).toEqual(["consul: consul", "etcd: etcdEndpoints"]);
    const { faults: secret } = resolve({ environment: { TANKD_ETCD_KEY: "hunter2" } });
    expect(secret[0]?.reason).toStartWith("etcd_key cannot be what it is (from TANKD_ETCD_KEY)");
    const readSecret = () => {
      throw new Problem("bad_setting", "There is no such file.");
    };
    const environment = { SERF_RPC_AUTH_FILE: "/none" };
    expect(faults({ environment, readSecret })).toEqual(["serf: serfRpcAuth"]);
  });

  test("however long it is, its line is not", () => {
    const environment = { TANKD_STATIC: "!".repeat(100_000) };
    expect(resolve({ environment }).faults[0]?.reason.length).toBeLessThan(600);
  });

  test.each(MALFORMED)("and refused where it was typed just now: %s", (_, value, __, key) => {
    expect(() => resolve({ flags: { [key]: value } })).toThrow(" cannot be ");
  });

  test("what is no backend's setting is refused wherever it was said", () => {
    for (const environment of [{ TANKD_ADVERTISE: ":::" }, { TANKD_LEASE: "etcd://1.2.3.4.5" }]) {
      expect(() => resolve({ environment })).toThrow(" cannot be ");
    }
  });
});

describe("unknown backends", () => {
  test.each([
    ["mdns,zeroconf,etcd", "zeroconf", ["mdns", "etcd"]],
    ["zeroconf", "zeroconf", []],
    ["auto,zeroconf", "zeroconf", ["auto"]],
    ["toString, http://h:8000", "toString", ["http://h:8000"]],
    ["http://1.2.3.4.5,mdns", "http://1.2.3.4.5", ["mdns"]],
  ])("%s", (said, wrong, words) => {
    const { values, faults } = resolve({ environment: { DISCOVERY_BACKEND: said } });
    expect(values.discovery).toEqual(words);
    expect(faults.map(({ backend }) => backend)).toEqual(["discovery"]);
    expect(faults[0]?.reason).toStartWith(
      `discovery cannot be "${wrong}" (from DISCOVERY_BACKEND): give auto, none, `,
    );
  });
});

describe("a backend with nobody to ask", () => {
  const LACKS = [
    ["hub", "discovery by hub needs the URL of one: give --hub URL."],
    ["static", "discovery by static needs addresses: give --static ADDRESS."],
    ["dns", "discovery by dns needs a name: give --dns NAME."],
  ] as const;

  test.each(LACKS)("%s says what is missing", (backend, reason) => {
    const environment = { DISCOVERY_BACKEND: `mdns,${backend}` };
    expect(resolve({ environment }).faults).toEqual([{ backend, key: backend, reason }]);
    expect(() => resolve({ flags: { discovery: [backend] } })).toThrow(reason);
  });

  test("for another reason that is told says that alone", () => {
    const environment = { TANKD_STATIC: ":::" };
    expect(faults({ environment, flags: { discovery: ["static"] } })).toEqual(["static: static"]);
  });

  test("has somebody", () => {
    const flags = { discovery: ["hub", "dns"], hub: ["http://h"], dns: ["reef.example.org"] };
    expect(faults({ flags })).toEqual([]);
  });
});

test("as whom a lease is asked is refused wherever it was said", () => {
  const environment = { TANKD_ETCD_CA: "hunter2", ETCD_ENDPOINTS: ":::" };
  const TANKD_LEASE = "etcds://a";
  expect(() => resolve({ environment: { ...environment, TANKD_LEASE } })).toThrow("etcd_ca");
  const ofConsul = { ...environment, TANKD_LEASE: "consul://a" };
  expect(faults({ environment: ofConsul })).toEqual(["etcd: etcdEndpoints", "etcd: etcdCa"]);
  expect(faults({ environment: { ETCD_ENDPOINTS: ":::", TANKD_LEASE } })).toHaveLength(1);
});
