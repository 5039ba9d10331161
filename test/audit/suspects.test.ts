import { describe, expect, test } from "bun:test";
import type { Look } from "../../src/audit/statement.ts";
import {
  type Looks,
  type Place,
  placesIn,
  placesNow,
  placesSeen,
  placesThatStay,
} from "../../src/audit/suspects.ts";

const ESCROW = {
  entity_id: "f1",
  entity_type: "fish",
  source_tank_id: "t-a",
  destination_node_id: "b",
  destination_tank_id: "t-b",
  sequence: 7,
} as const;

function alive(node: string, hops: number): Place {
  return { entity_id: "f1", node_id: node, tank_id: `t-${node}`, hops, escrow: undefined };
}

const ON_ITS_WAY: Place = { ...alive("a", 0), hops: undefined, escrow: ESCROW };

function look(node_id: string, change: Partial<Look> = {}): Look {
  return { version: 1, node_id, alive: [], escrow: [], accepted: [], kept: [], ...change };
}

function looks(...all: readonly Look[]): Looks {
  return new Map(all.map((one) => [one.node_id, one]));
}

const ACCEPTED = {
  entity_id: "f1",
  source_node_id: "a",
  source_tank_id: "t-a",
  destination_tank_id: "t-b",
  sequence: 7,
} as const;

describe("a fish that was seen in two places", () => {
  test("is in both at once where it stays in both", () => {
    const twice = [alive("a", 1), alive("b", 2)];
    expect(placesThatStay(twice, twice, looks())).toEqual(twice);
  });

  test("has been elsewhere where it has more hops now", () => {
    const before = [alive("a", 1), alive("b", 2)];
    const now = [alive("a", 3), alive("b", 2)];
    expect(placesThatStay(before, now, looks())).toEqual([alive("b", 2)]);
  });

  test("has moved on where it is not any more", () => {
    const before = [alive("a", 1), alive("b", 2)];
    expect(placesThatStay(before, [alive("c", 3)], looks())).toEqual([]);
  });
});

describe("an escrow", () => {
  const both = [ON_ITS_WAY, alive("b", 1)];

  test("is a place as long as its destination has not accepted the fish", () => {
    expect(placesThatStay(both, both, looks(look("a"), look("b")))).toEqual(both);
  });

  test("is none once it has, though the source does not know yet", () => {
    const known = looks(look("a"), look("b", { accepted: [ACCEPTED] }));
    expect(placesThatStay(both, both, known)).toEqual([alive("b", 1)]);
    expect(placesNow(both, known)).toEqual([alive("b", 1)]);
  });

  test("stays one where the destination has accepted another transfer of that fish", () => {
    for (const other of [{ sequence: 6 }, { source_node_id: "c" }, { source_tank_id: "t-x" }]) {
      const known = looks(look("b", { accepted: [{ ...ACCEPTED, ...other }] }));
      expect(placesThatStay(both, both, known)).toEqual(both);
    }
  });

  test("proves nothing while its destination is silent", () => {
    expect(placesThatStay(both, both, looks(look("a")))).toEqual([alive("b", 1)]);
  });
});

test("a copy on its way is no place: its fish is where it was", () => {
  const copy = { ...ESCROW, entity_type: "copy" };
  const fish = [{ tank_id: "t-a", entity_ids: ["f1"], hops: [0] }];
  const owned = { tanks: [], hosted: [], departed: [], under_way: [] };
  const statement = { server_id: "a", whole: true, ...owned, unread: [], pairs: [] };
  const statements = new Map([["a", { node_id: "a", ...statement, fish, escrow: [copy] }]]);
  expect(placesIn(statements)).toEqual([alive("a", 0)]);
  expect(placesSeen("f1", looks(look("a", { escrow: [copy] })))).toEqual([]);
});

test("places are read from looks, those of other fish left out", () => {
  const seen = placesSeen(
    "f1",
    looks(
      look("a", { escrow: [ESCROW, { ...ESCROW, entity_id: "f2" }] }),
      look("b", { alive: [{ entity_id: "f1", tank_id: "t-b", hops: 1 }] }),
    ),
  );
  expect(seen).toEqual([ON_ITS_WAY, alive("b", 1)]);
});
