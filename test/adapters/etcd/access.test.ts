import { describe, expect, test } from "bun:test";
import { readEndpoint, readLeaseUrl } from "../../../src/adapters/etcd/access.ts";

describe("a member of etcd", () => {
  test.each([
    ["10.0.0.5", "http://10.0.0.5:2379"],
    ["10.0.0.5:4001", "http://10.0.0.5:4001"],
    ["etcd-0.etcd", "http://etcd-0.etcd:2379"],
    ["http://etcd:2379/", "http://etcd:2379"],
    ["HTTPS://etcd", "https://etcd:2379"],
    ["[fd00::5]:2380", "http://[fd00::5]:2380"],
    ["https://[fd00::5]", "https://[fd00::5]:2379"],
    ["fd00::5", "http://[fd00::5]:2379"],
  ])("%s is %s", (text, origin) => {
    expect(readEndpoint(text)).toBe(origin);
  });

  test.each([
    "",
    "http://",
    "http://user:password@etcd:2379",
    "http://etcd:2379/v3",
    "http://etcd:2379?a=b",
    "http://etcd:99999",
    "ftp://etcd:2379",
    "unix:///run/etcd.sock",
    "a b",
    "http://etcd:2379,http://other:2379",
  ])("%s is none", (text) => {
    expect(readEndpoint(text)).toBeUndefined();
  });
});

describe("the URL of a lease", () => {
  test.each([
    ["etcd://etcd", ["http://etcd:2379"], "/tankd/reef/hub"],
    ["etcd://etcd/", ["http://etcd:2379"], "/tankd/reef/hub"],
    [
      "etcd://a:1,b:2,[fd00::3]",
      ["http://a:1", "http://b:2", "http://[fd00::3]:2379"],
      "/tankd/reef/hub",
    ],
    ["etcds://a/sea/hub", ["https://a:2379"], "/sea/hub"],
  ])("%s", (url, endpoints, key) => {
    expect(readLeaseUrl(url, "reef")).toEqual({ endpoints, key });
  });

  test.each([
    "etcd://",
    "etcd:///key",
    "etcd://user:password@etcd/key",
    "etcd://a,,b",
    "etcd://a,http://b",
    "etcd://a/white space",
    `etcd://a/${"x".repeat(300)}`,
    `etcd://${Array.from({ length: 10 }, (_, at) => `m${at}`).join()}`,
    "consul://a",
    "http://a",
  ])("%s is none", (url) => {
    expect(readLeaseUrl(url, "reef")).toBeUndefined();
  });
});
