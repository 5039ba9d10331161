import { expect, test } from "bun:test";
import type { RecoveryView } from "../../../src/api/recovery-view.ts";
import { recoveryLines } from "../../../src/cli/output/recovery-lines.ts";

const NOTHING: RecoveryView = {
  tanks: 0,
  recovered: 0,
  from_memory: 0,
  from_snapshots: 0,
  replayed_commands: 0,
  replayed_ticks: 0,
  duration_ms: 0,
  made: 0,
  damaged: [],
  stopped: [],
};

test.each<[string, Partial<RecoveryView>, string[]]>([
  ["a first start without tanks", {}, []],
  ["a first start", { made: 1000 }, ["Created 1,000 tanks."]],
  [
    "three tanks",
    {
      tanks: 3,
      recovered: 3,
      from_snapshots: 2,
      replayed_commands: 5,
      replayed_ticks: 1204,
      duration_ms: 41,
    },
    ["Recovered 3 tanks in 41 ms (2 from snapshots, 5 commands and 1,204 ticks replayed)."],
  ],
  [
    "one tank",
    { tanks: 1, recovered: 1, from_snapshots: 1, replayed_commands: 1, replayed_ticks: 1 },
    ["Recovered 1 tank in 0 ms (1 from a snapshot, 1 command and 1 tick replayed)."],
  ],
  [
    "damage",
    {
      tanks: 2,
      recovered: 1,
      damaged: [{ tank_id: "a1", name: "left", warnings: ["snapshot 5 is cut off", "so is 3"] }],
      stopped: [{ tank_id: "b2", name: "ri\u001bght", reason: "its log has no entry 7" }],
    },
    [
      "Recovered 1 of 2 tanks in 0 ms (0 from snapshots, 0 commands and 0 ticks replayed).",
      "Tank left (a1) recovered despite damage: snapshot 5 is cut off; so is 3",
      "Tank ri\\u001bght (b2) is stopped: its log has no entry 7",
    ],
  ],
])("%s", (_, told, lines) => {
  expect(recoveryLines({ ...NOTHING, ...told })).toEqual(lines);
});
