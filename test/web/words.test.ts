import { expect, test } from "bun:test";
import { httpUrl } from "../../src/web/dom.ts";
import {
  address,
  ago,
  fishLabel,
  milliseconds,
  serverLabel,
  shortId,
} from "../../src/web/words.ts";

test("instants are told as ages; a clock that runs ahead is now", () => {
  const now = 1_000_000_000;
  const told = [-5000, 0, 59_000, 60_000, 7_200_000, 200_000_000].map((age) => ago(now - age, now));
  expect(told).toEqual(["0 s ago", "0 s ago", "59 s ago", "1 min ago", "2 h ago", "2 d ago"]);
});

test("figures and addresses", () => {
  expect([milliseconds(null), milliseconds(0.42), milliseconds(12.6)]).toEqual([
    "–",
    "0.4 ms",
    "13 ms",
  ]);
  expect([address("10.0.0.1", 80), address("fe80::1", 80)]).toEqual([
    "10.0.0.1:80",
    "[fe80::1]:80",
  ]);
  expect([shortId("0123456789abcdef-12"), shortId("short")]).toEqual(["01234…def-12", "short"]);
  expect(fishLabel("0123456789abcdef-1234")).toBe("0123…-1234");
});

test("only http URLs become links", () => {
  expect(httpUrl("http://10.0.0.1:8000")).toBe("http://10.0.0.1:8000/");
  expect(httpUrl("https://a.example/x")).toBe("https://a.example/x");
  for (const url of ["javascript:alert(1)", "data:text/html,x", "//a", "", "file:///etc/passwd"]) {
    expect(httpUrl(url)).toBeUndefined();
  }
});

test("a server is called by its name, or by its machine when nobody named it", () => {
  const node = { node_id: "f7sowmclplmshh637d6j", hostname: "pi" };
  expect(serverLabel({ ...node, server_id: "reef" })).toBe("reef");
  expect(serverLabel({ ...node, server_id: node.node_id })).toBe("pi · f7sowm");
  expect(serverLabel({ ...node, server_id: node.node_id, hostname: "" })).toBe(node.node_id);
  expect(serverLabel({ server_id: "tank-world", node_id: null, hostname: "mac" })).toBe(
    "tank-world",
  );
});
