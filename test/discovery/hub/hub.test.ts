import { describe, expect, test } from "bun:test";
import { completeHubUrl, parseHubUrl } from "../../../src/discovery/hub/url.ts";

describe("hub URLs", () => {
  test("are read", () => {
    expect(parseHubUrl("http://192.168.1.10:8000")).toEqual({ host: "192.168.1.10", port: 8000 });
    expect(parseHubUrl("http://tank-hub/")).toEqual({ host: "tank-hub", port: 80 });
    expect(parseHubUrl(" http://[FD00:0::1]:8001 ")).toEqual({ host: "fd00::1", port: 8001 });
    expect(parseHubUrl("http://Tank-Hub.example.org.:80")).toEqual({
      host: "tank-hub.example.org",
      port: 80,
    });
  });

  test.each(["fe80::1%eth0", "fe80::1%25eth0"])("may have a zone: %s", (host) => {
    expect(parseHubUrl(`http://[${host}]:8000/`)).toEqual({ host: "fe80::1%eth0", port: 8000 });
  });

  test.each([
    ["192.168.1.10:8001", "192.168.1.10", 8001],
    ["192.168.1.10", "192.168.1.10", 8000],
    ["tank-hub:80", "tank-hub", 80],
    ["tank-hub", "tank-hub", 8000],
    ["[fd00::1]:8001", "fd00::1", 8001],
    ["[fd00::1]", "fd00::1", 8000],
    ["fd00::1", "fd00::1", 8000],
    ["fe80::1%eth0", "fe80::1%eth0", 8000],
  ])("need no scheme: %s", (text, host, port) => {
    expect(parseHubUrl(text)).toEqual({ host, port });
    expect(parseHubUrl(completeHubUrl(text))).toEqual({ host, port });
  });

  test("https says what is supported instead", () => {
    for (const text of ["https://hub", "https://hub:8443/"]) {
      expect(() => parseHubUrl(text)).toThrow(/give a URL like http:.* do not use https/);
    }
  });

  for (const text of [
    "",
    "ftp://hub",
    ":8000",
    "8000",
    "http://8000",
    "http://0x7f.1:8000",
    "http://:8000",
    "hub:8000/path",
    "user@hub",
    "http://",
    "http://.",
    "http://hub:99999",
    "http://hub/path",
    "http://hub/?a=b",
    "http://user:secret@hub",
    "http://[fe80::1%eth0/]",
    "http://hub%eth0",
  ]) {
    test(`"${text}" is refused with one clear sentence`, () => {
      expect(() => parseHubUrl(text)).toThrow("give a URL like http://192.168.1.10:8000 ");
    });
  }
});
