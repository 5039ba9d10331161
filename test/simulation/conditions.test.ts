import { expect, test } from "bun:test";
import { declaredPairs, FAULT_KINDS, unmet } from "./combinations.ts";
import { Conditions } from "./conditions.ts";
import { ALL_FAULTS } from "./faults/all.ts";

const names = (conditions: Conditions) => [...conditions.pairs.keys()].sort();

test("faults meet anywhere in a cluster, a fault and a phase at an end of the transfer", () => {
  const conditions = new Conditions();
  const endKill = conditions.fault("kill", ["n1"]);
  const endCut = conditions.fault("cut", ["n2"]);
  conditions.phase("deciding", ["n2", "n3"]);
  expect(names(conditions)).toEqual(["cut × deciding", "cut × kill"]);
  endCut();
  endKill();
  conditions.fault("pause", ["n1"]);
  expect(names(conditions)).toEqual(["cut × deciding", "cut × kill"]);
  conditions.fault("disk_full", ["n3"]);
  expect(names(conditions)).toContain("deciding × disk_full");
  expect(names(conditions)).toContain("disk_full × pause");
});

test("a phase that a killed process was in is over, and three meet where two faults do", () => {
  const conditions = new Conditions();
  let isAlive = true;
  conditions.phase("exporting", ["n1", "n2"], () => isAlive);
  conditions.fault("cut", ["n1"]);
  conditions.fault("pause", ["n2"]);
  expect([...conditions.triples]).toEqual(["cut × pause × exporting"]);
  isAlive = false;
  conditions.fault("kill", ["n1"]);
  expect(names(conditions)).not.toContain("exporting × kill");
  expect(conditions.begun.get("kill")).toBe(1);
});

test("a declared pair that never met is named", () => {
  const [first, ...others] = declaredPairs();
  const met = new Map(others.map((pair) => [pair, 1]));
  expect(unmet(met)).toEqual(first ? [first] : []);
  expect(new Set(declaredPairs()).size).toBe(declaredPairs().length);
});

test("every kind of fault that strikes is declared", () => {
  // What all machines or another build suffer counts as the kind that each one has.
  const counted: Readonly<Record<string, string>> = {
    all_killed: "kill",
    other_build: "earlier_build",
  };
  const kinds = ALL_FAULTS.map(({ name }) => counted[name] ?? name);
  expect(new Set(kinds)).toEqual(new Set<string>(FAULT_KINDS));
});
