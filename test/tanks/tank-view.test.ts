import { expect, test } from "bun:test";
import type { TankRow } from "../../src/store/rows.ts";
import { unknownReport, viewOf } from "../../src/tanks/tank-view.ts";

const ROW: TankRow = {
  tank_id: "aa",
  name: "reef",
  description: "",
  created_at: 0,
  seed: 1,
  fish: 5,
  tank_key: "0000000000000001",
  epoch: 1,
  ordinal: 1,
  origin: "founded",
};
const CONTROLS = { paused: false, tickRate: 30, fastForwardTo: undefined };

test("a view never says that more is durable than what it shows", () => {
  const report = { ...unknownReport(ROW, CONTROLS), seq: 76 };
  const seen = (durableSeq: number) => viewOf(ROW, report, { durableSeq, stopReason: undefined });
  expect(seen(79)).toMatchObject({ seq: 76, durableSeq: 76 });
  expect(seen(70)).toMatchObject({ seq: 76, durableSeq: 70 });
});
