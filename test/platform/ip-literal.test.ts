import { expect, test } from "bun:test";
import { isPlainIpv4 } from "../../src/platform/ip-literal.ts";

test("IPv4 in its usual spelling is told from other spellings of it and other words", () => {
  for (const host of ["0.0.0.0", "10.0.0.1", "192.168.255.255", "99.100.199.249"]) {
    expect(isPlainIpv4(host)).toBe(true);
    expect(URL.parse(`http://${host}`)?.hostname).toBe(host);
  }
  const others = ["01.2.3.4", "1.2.3", "1.2.3.4.5", "256.1.1.1", "0x7f.1", "2130706433", "::1", ""];
  for (const host of [...others, "1.2.3.4 ", "a.b.c.d"]) expect(isPlainIpv4(host)).toBe(false);
});
