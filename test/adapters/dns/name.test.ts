import { expect, test } from "bun:test";
import { readDnsName } from "../../../src/adapters/dns/name.ts";

test.each([
  ["tanks.example.org", "tanks.example.org", "_tankd._tcp.tanks.example.org", 8000],
  ["Tanks.Example.org.", "Tanks.Example.org.", "_tankd._tcp.Tanks.Example.org.", 8000],
  ["tanks.example.org:9000", "tanks.example.org", undefined, 9000],
  ["tasks.worker", "tasks.worker", "_tankd._tcp.tasks.worker", 8000],
  ["worker", "worker", undefined, 8000],
  ["my_worker-1", "my_worker-1", undefined, 8000],
  ["a_b.example", "a_b.example", "_tankd._tcp.a_b.example", 8000],
  ["worker:9000", "worker", undefined, 9000],
  [
    "_api._tcp.tanks.ns.svc.cluster.local",
    "_api._tcp.tanks.ns.svc.cluster.local",
    "same",
    undefined,
  ],
  ["_tankd._udp.example.org", "_tankd._udp.example.org", "same", undefined],
])("%s", (text, host, service, port) => {
  const expected = service === "same" ? host : service;
  expect(readDnsName(text)).toEqual({ text, host, service: expected, port });
});

test.each([
  "",
  "10.0.0.7",
  "10.0.0.7:8000",
  "127.1",
  "::1",
  "[::1]:8000",
  "tanks.example.org:0",
  "tanks.example.org:65536",
  "tanks.example.org:",
  "_tankd._tcp.example.org:8000",
  "http://tanks.example.org",
  "tanks..example.org",
  ".example.org",
  "-tanks.example.org",
  "tanks.example.org/x",
  "tanks example",
  "<b>.example",
  `${"a".repeat(64)}.example`,
  `${"a.".repeat(127)}toolong`,
])("%j is none", (text) => {
  expect(readDnsName(text)).toBeUndefined();
});
