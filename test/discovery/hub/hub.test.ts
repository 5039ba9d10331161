import { describe, expect, test } from "bun:test";
import { parseHubUrl } from "../../../src/discovery/hub/url.ts";

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

  test("https says what is supported instead", () => {
    for (const text of ["https://hub", "https://hub:8443/"]) {
      expect(() => parseHubUrl(text)).toThrow(/give a URL like http:.* do not use https/);
    }
  });

  for (const text of [
    "",
    "192.168.1.10:8000",
    "ftp://hub",
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
