import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressesIn, readHostsFile } from "../../../src/adapters/dns/hosts-file.ts";

test("names of a hosts file, whatever else stands in it", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tankd-hosts-"));
  try {
    const path = join(directory, "hosts");
    writeFileSync(
      path,
      [
        "127.0.0.1 localhost",
        "  10.0.0.1\ttanks.example.org  Tanks # ours",
        "10.0.0.2 tanks.example.org\r",
        "fd00::1 tanks.example.org",
        "# 10.0.0.3 tanks.example.org",
        "elsewhere tanks.example.org",
        "10.0.0.4",
        "",
      ].join("\n"),
    );
    const hosts = await readHostsFile(path);
    const three = ["10.0.0.1", "10.0.0.2", "fd00::1"];
    expect(addressesIn(hosts, "TANKS.example.org.")).toEqual(three);
    expect(addressesIn(hosts, "tanks")).toEqual(["10.0.0.1"]);
    expect(addressesIn(hosts, "example.org")).toBeUndefined();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("a machine without one has no names of its own", async () => {
  expect(addressesIn(await readHostsFile("/nonexistent/hosts"), "localhost")).toBeUndefined();
});
