import { expect, test } from "bun:test";
import { ReportedPositions } from "../../../src/cluster/clones/reported-positions.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { said } from "./support-statements.ts";

test("of each start of a node the furthest is kept, of its latest starts", () => {
  const reported = new ReportedPositions();
  reported.note("p", "n", said(250, "one"));
  reported.note("q", "n", said(300, "two"));
  reported.note("q", "n", said(200, "one"));
  expect(reported.about("n").map(({ position }) => position)).toEqual([300, 250]);
  for (let boot = 0; boot < LIMITS.positionsToldMax; boot++) {
    reported.note("p", "n", said(boot, `later-${boot}`));
  }
  expect(reported.about("n").map(({ position }) => position)).toEqual([0, 1, 2, 3]);
});

test("whoever reports most gives way, so that a flood costs others nothing", () => {
  const reported = new ReportedPositions();
  const statement = said(1, "one");
  reported.note("honest", "kept", statement);
  for (let index = 0; index < LIMITS.reportedNodesMax + 100; index++) {
    reported.note("flood", `invented-${index}`, statement);
  }
  reported.note("honest", "also kept", statement);
  expect(reported.about("kept")).toHaveLength(1);
  expect(reported.about("also kept")).toHaveLength(1);
  expect(reported.about("invented-0")).toEqual([]);
  expect(reported.about(`invented-${LIMITS.reportedNodesMax + 99}`)).toHaveLength(1);
});
