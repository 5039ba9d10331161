import { expect, test } from "bun:test";
import { BoundedLog } from "../../src/telemetry/bounded-log.ts";
import { type LogFields, silentLog } from "../../src/telemetry/log.ts";

test("of each kind so many lines, and the next one tells how many were left out", () => {
  const lines: (LogFields | undefined)[] = [];
  let nowMs = 0;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  const info = (_event: string, fields?: LogFields) => void lines.push(fields);
  const log = new BoundedLog({ ...silentLog, info }, clock, {
    flood: { perSecond: 1, burst: 3 },
    order: { perSecond: 1, burst: 3 },
  });
  for (let n = 0; n < 10; n++) log.info("flood", "said", { n });
  expect(lines).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
  log.info("order", "said", { n: 99 });
  expect(lines.at(-1)).toEqual({ n: 99 });
  nowMs = 1000;
  log.info("flood", "said", { n: 10 });
  log.info("flood", "said", { n: 11 });
  expect(lines.slice(4)).toEqual([{ n: 10, unlogged: 7 }]);
});
