import { expect, test } from "bun:test";
import type { TankLocation } from "../../../src/cluster/cluster.ts";
import { RecentPlaces } from "../../../src/cluster/registry/recent-places.ts";

function locationOf(node_id: string, is_local = false): TankLocation {
  const tank = { tank_id: "t-1", name: "reef", epoch: 1 };
  return { node_id, server_id: `label of ${node_id}`, tank, is_local };
}

test("the place of a tank is kept for a minute, by its id and by what it was asked for", () => {
  let nowMs = 0;
  let listed: TankLocation | undefined = locationOf("b");
  const places = new RecentPlaces({ monotonicMs: () => nowMs }, () => listed);
  expect(places.last("t-1")).toBeUndefined();
  expect(places.locate("b::reef")).toEqual(locationOf("b"));
  listed = undefined;
  nowMs = 59_000;
  expect(places.locate("b::reef")).toBeUndefined();
  for (const asked of ["b::reef", "t-1"]) expect(places.last(asked)?.node_id).toBe("b");
  expect(places.last("reef")).toBeUndefined();
  nowMs = 61_000;
  expect(places.last("t-1")).toBeUndefined();
});

test("of a tank of this node none is kept", () => {
  const places = new RecentPlaces({ monotonicMs: () => 0 }, () => locationOf("self", true));
  places.locate("t-1");
  expect(places.last("t-1")).toBeUndefined();
});
