import { expect, test } from "bun:test";
import { explainPlaces, type NamedPlace } from "../../../src/cluster/handshake/explain-places.ts";
import { failed } from "../../../src/cluster/handshake/meeting.ts";
import type { BackendStatus } from "../../../src/discovery/backend.ts";

const running = (name: string, detail = ""): BackendStatus => ({
  name,
  state: "running",
  detail,
  nominations: 1,
});

function place(host: string, reason?: string, backend = "static"): NamedPlace {
  return {
    addresses: [{ host, port: 8000 }],
    backends: new Set([backend]),
    failure: reason === undefined ? undefined : failed(reason, true),
  };
}

test("addresses that were named and do not answer are told, with what to do", () => {
  const dead = [place("10.0.0.8", "no answer in time"), place("nope.nt", "the name is not known")];
  const words =
    "10.0.0.8:8000 does not answer: no answer in time; " +
    "nope.nt:8000 does not answer: the name is not known";
  const mend = expect.stringContaining("--static");
  expect(explainPlaces([running("static")], [...dead, place("10.0.0.2")])).toEqual([
    { ...running("static", words), mend },
  ]);
  expect(explainPlaces([running("static")], dead)).toMatchObject([
    { state: "failed", detail: words, mend },
  ]);
});

test("those of a name in DNS stand behind what DNS has said, and few of many", () => {
  const dead = Array.from({ length: 9 }, (_, index) => place(`10.0.0.${index}`, "x", "dns"));
  const [status] = explainPlaces([running("dns", "pool: 9 addresses")], dead);
  expect(status?.detail).toStartWith("pool: 9 addresses; 10.0.0.0:8000 does not answer: x; ");
  expect(status?.detail).toEndWith("; 5 more do not answer");
});

test("who answers otherwise than a tankd does not 'not answer'", () => {
  const failure = failed("the program that answers there is not tankd (status 404)");
  const [status] = explainPlaces([running("static")], [{ ...place("10.0.0.8"), failure }]);
  expect(status?.detail).toBe(
    "10.0.0.8:8000 is not used: the program that answers there is not tankd (status 404)",
  );
});

test("nothing is said where somebody answers, or the backend does not run", () => {
  const stopped = { ...running("static"), state: "stopped" } as const;
  const statuses = [running("mdns"), running("static"), stopped];
  const places = [place("10.0.0.2"), place("10.0.0.3", "x", "mdns")];
  expect(explainPlaces(statuses, places)).toEqual(statuses);
});
