import { describe, expect, test } from "bun:test";
import { isInCidr, readCidr } from "../../src/discovery/cidr.ts";

describe("networks of addresses", () => {
  test.each([
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["10.0.0.7/8", "10.9.9.9", true],
    ["192.0.2.128/25", "192.0.2.127", false],
    ["192.0.2.128/25", "192.0.2.200", true],
    ["127.0.0.1", "127.0.0.1", true],
    ["127.0.0.1", "127.0.0.2", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "2001:db8::1", true],
    ["fd00::/8", "fdff:1::9", true],
    ["fd00::/8", "fe80::1", false],
    ["2001:db8:0:8::/61", "2001:db8:0:f::1", true],
    ["2001:db8:0:8::/61", "2001:db8:0:10::1", false],
    ["::1", "::1", true],
    ["10.0.0.0/8", "::ffff:10.1.2.3", true],
    ["::/0", "fe80::1%eth0", true],
    ["10.0.0.0/8", "hub.example", false],
  ])("%s holds %s: %p", (text, address, holds) => {
    const cidr = readCidr(text);
    expect(cidr && isInCidr(address, cidr)).toBe(holds);
  });

  test.each(["", "10.0.0.0/33", "fd00::/129", "10.0.0", "010.0.0.1", "2130706433", "hub", "/8"])(
    "%p is none",
    (text) => {
      expect(readCidr(text)).toBeUndefined();
    },
  );
});
