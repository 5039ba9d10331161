import { describe, expect, test } from "bun:test";
import { nameOf, readAgentAddress } from "../../../src/adapters/consul/address.ts";
import { readLeaseUrl } from "../../../src/adapters/consul/lease-url.ts";

describe("CONSUL_HTTP_ADDR is read as Consul's own tools read it", () => {
  const plain = { pathPrefix: "" };
  test.each([
    ["127.0.0.1:8500", { ...plain, origin: "http://127.0.0.1:8500" }],
    ["consul.example.org", { ...plain, origin: "http://consul.example.org:80" }],
    ["[fd00::5]:8500", { ...plain, origin: "http://[fd00::5]:8500" }],
    ["http://10.0.0.5:8500/", { ...plain, origin: "http://10.0.0.5:8500" }],
    ["https://consul.example.org", { ...plain, origin: "https://consul.example.org:443" }],
    ["https://c.example:8501/a/b", { origin: "https://c.example:8501", pathPrefix: "/a/b" }],
    ["unix:///run/c.sock", { ...plain, origin: "http://localhost", socketPath: "/run/c.sock" }],
  ])("%s", (text, expected) => {
    expect(readAgentAddress(text)).toEqual(expected);
  });

  test("CONSUL_HTTP_SSL means https, whatever the address says", () => {
    for (const text of ["10.0.0.5:8501", "http://10.0.0.5:8501", "https://10.0.0.5:8501"]) {
      expect(readAgentAddress(text, true)?.origin).toBe("https://10.0.0.5:8501");
    }
  });

  test("what is none is none", () => {
    const none = [
      "",
      "ftp://a:1",
      "a:0",
      "a:99999",
      "a b:1",
      "http://u:p@a:1",
      "unix://",
      "unix://a",
    ];
    none.push(`unix:///${"x".repeat(200)}`, "a:1/../b", "a:1/b?c", "a:1/b%2f", "HTTP://a:1");
    expect(none.filter((text) => readAgentAddress(text) !== undefined)).toEqual([]);
  });

  test("messages name the agent by it", () => {
    const name = (text: string) => nameOf(readAgentAddress(text) ?? { origin: "", pathPrefix: "" });
    expect(name("127.0.0.1:8500")).toBe("consul at http://127.0.0.1:8500");
    expect(name("unix:///run/c.sock")).toBe("consul at /run/c.sock");
    expect(name("https://a:1/b")).toBe("consul at https://a:1/b");
  });
});

describe("the URL of a lease", () => {
  const at = (origin: string) => ({ origin, pathPrefix: "" });
  test.each([
    ["consul://10.0.0.5", { address: at("http://10.0.0.5:8500"), key: undefined }],
    ["consul://10.0.0.5:1/", { address: at("http://10.0.0.5:1"), key: undefined }],
    ["consuls://c.example", { address: at("https://c.example:8501"), key: undefined }],
    ["consul://[fd00::5]:8500/a/b.c", { address: at("http://[fd00::5]:8500"), key: "a/b.c" }],
  ])("%s", (text, expected) => {
    expect(readLeaseUrl(text)).toEqual(expected);
  });

  test("what is none is none", () => {
    const none = [
      "consul://",
      "etcd://a:1",
      "consul:a",
      "consul://u:p@a:1/k",
      "consul://a:1/k?x=1",
    ];
    none.push("consul://a:1/../k", "consul://a:1/k/..", "consul://a:1//k", "consul://a:1/k/");
    none.push("consul://a:1/k k", `consul://a:1/${"k".repeat(257)}`, "consul://a:1/%2e");
    expect(none.filter((text) => readLeaseUrl(text) !== undefined)).toEqual([]);
  });
});
