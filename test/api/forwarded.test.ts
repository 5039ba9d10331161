import { describe, expect, test } from "bun:test";
import { originOf } from "../../src/api/forwarded.ts";
import { readCidr } from "../../src/discovery/cidr.ts";

const TRUSTED = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"].flatMap((text) => readCidr(text) ?? []);

function origin(peer: string, forwardedFor?: string, proto?: string) {
  const headers = new Headers();
  if (forwardedFor !== undefined) headers.set("x-forwarded-for", forwardedFor);
  if (proto !== undefined) headers.set("x-forwarded-proto", proto);
  return originOf(peer, headers, TRUSTED);
}

describe("who is behind trusted proxies", () => {
  test.each([
    ["nobody, where none speaks", "203.0.113.9", "198.51.100.1", "203.0.113.9"],
    ["nobody, where it says nothing", "10.0.0.5", undefined, "10.0.0.5"],
    ["whom it names", "10.0.0.5", "203.0.113.9", "203.0.113.9"],
    ["by IPv6", "fd00::5", "2001:DB8::9", "2001:db8::9"],
    ["with a port", "10.0.0.5", "203.0.113.9:4711", "203.0.113.9"],
    ["with a port of IPv6", "10.0.0.5", "[2001:db8::9]:4711", "2001:db8::9"],
    ["IPv4 inside IPv6", "10.0.0.5", "::ffff:203.0.113.9", "203.0.113.9"],
    ["behind a chain", "127.0.0.1", "203.0.113.9, 10.0.0.7", "203.0.113.9"],
    ["what a client invents counts nothing", "10.0.0.5", "127.0.0.1,203.0.113.9", "203.0.113.9"],
    ["a client among the proxies", "10.0.0.5", "10.0.0.9", "10.0.0.9"],
    ["somebody on this machine", "127.0.0.1", "127.0.0.1", "127.0.0.1"],
    ["loopback elsewhere", "10.0.0.5", "127.0.0.1", "10.0.0.5"],
    ["loopback elsewhere, in a chain", "127.0.0.1", "::1, 10.0.0.5", "10.0.0.5"],
    ["no address", "10.0.0.5", "unknown", "10.0.0.5"],
    ["no address before one", "10.0.0.5", "_hidden, 10.0.0.9", "10.0.0.9"],
    ["a name", "10.0.0.5", "client.example", "10.0.0.5"],
    ["an empty list", "10.0.0.5", " , ", "10.0.0.5"],
  ])("%s", (_, peer, forwardedFor, expected) => {
    expect(origin(peer, forwardedFor).remoteAddress).toBe(expected);
  });

  test("the scheme is what the first proxy has heard", () => {
    expect(origin("10.0.0.5", "203.0.113.9", "https").scheme).toBe("https");
    expect(origin("10.0.0.5", "203.0.113.9", "HTTPS, http").scheme).toBe("https");
    expect(origin("10.0.0.5", "203.0.113.9", "gopher").scheme).toBeUndefined();
    expect(origin("203.0.113.9", undefined, "https").scheme).toBeUndefined();
  });
});
