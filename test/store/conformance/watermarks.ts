import { expect, test } from "bun:test";
import { logRow, tankRow } from "../rows.ts";
import { type Opened, TANK } from "./subject.ts";

export function logEndsAreRemembered(opened: Opened): void {
  const markOf = (tank_id: string, seq: number) => {
    const { tick, checksum } = logRow(tank_id, seq);
    return { tank_id, seq, tick, checksum };
  };

  test("the watermark of a tank is its last acknowledged entry, even when trimmed", async () => {
    const { journal, subject } = await opened();
    expect(await journal.watermarks()).toEqual([]);
    await journal.commit([
      { put: "tank", row: { ...tankRow("t2", 2), tank_key: "fedcba9876543210" } },
      TANK,
      ...[1, 2, 3].map((seq) => ({ put: "log" as const, row: logRow("t1", seq) })),
      { put: "log", row: logRow("t2", 1) },
    ]);
    await journal.commit([{ put: "log", row: logRow("t2", 2) }]);
    const refused = [
      { put: "log" as const, row: logRow("t1", 4) },
      { put: "log" as const, row: logRow("t1", 1) },
    ];
    await journal.commit(refused).catch(() => {});
    await journal.commit([{ remove: "log", tank_id: "t1", up_to_seq: 3 }]);
    const expected = [markOf("t1", 3), markOf("t2", 2)];
    expect(await journal.watermarks()).toEqual(expected);
    expect(await (await subject.reopen()).journal.watermarks()).toEqual(expected);
  });

  test("a removed tank leaves none behind, and a new one of its name has its own", async () => {
    const { journal, subject } = await opened();
    await journal.commit([TANK, { put: "log", row: logRow("t1", 1) }]);
    await journal.commit([{ put: "log", row: logRow("t1", 2) }]);
    await journal.commit([{ remove: "tank", tank_id: "t1" }]);
    expect(await journal.watermarks()).toEqual([]);
    const again = { ...tankRow("t1"), tank_key: "fedcba9876543210" };
    await journal.commit([
      { put: "tank", row: again },
      { put: "log", row: logRow("t1", 1) },
    ]);
    expect(await journal.watermarks()).toEqual([markOf("t1", 1)]);
    expect(await (await subject.reopen()).journal.watermarks()).toEqual([markOf("t1", 1)]);
  });

  test("a tank that is put again keeps its watermark, under another key it has none", async () => {
    const { journal } = await opened();
    await journal.commit([TANK, { put: "log", row: logRow("t1", 1) }]);
    await journal.commit([{ put: "tank", row: { ...tankRow("t1"), name: "renamed" } }]);
    expect(await journal.watermark("t1")).toEqual(markOf("t1", 1));
    await journal.commit([
      { put: "tank", row: { ...tankRow("t1"), tank_key: "fedcba9876543210" } },
    ]);
    expect(await journal.watermark("t1")).toBeUndefined();
  });
}
