import { describe, expect, test } from "bun:test";
import { DialNote } from "../../../src/cluster/handshake/dial-note.ts";
import { type DialResult, failed } from "../../../src/cluster/handshake/meeting.ts";
import { isDialable } from "../../../src/cluster/peers/peer.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";

const MET: DialResult<string> = { kind: "met", meeting: "reef" };
const SILENCE = failed("no answer in time", true);

/** Whether the peer counts as dialable: while it is dialled, and at the end. */
function dial(result: DialResult<string>, facts: { isConnected: boolean; wasReached?: boolean }) {
  const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  table.ensure("reef");
  if (facts.wasReached) table.update("reef", { dialled: { outcome: "ok", startedMs: 0 } });
  const note = new DialNote(table, "reef", 1_000);
  if (facts.isConnected) note.connected();
  const meanwhile = isDialable(table.get("reef"));
  note.ended(result);
  expect(table.get("reef")?.dialled?.startedMs).toBe(1_000);
  return [meanwhile, isDialable(table.get("reef"))];
}

describe("a node that is dialled", () => {
  test("is reached when it answers, and not when it takes no connection", () => {
    expect(dial(MET, { isConnected: true })).toEqual([undefined, true]);
    expect(dial(SILENCE, { isConnected: false })).toEqual([undefined, false]);
  });

  test("is too busy to tell when it takes a connection and says nothing", () => {
    expect(dial(SILENCE, { isConnected: true })).toEqual([undefined, undefined]);
  });

  test("is not reached where somebody else answers", () => {
    expect(dial(failed("another one is there"), { isConnected: true })[1]).toBe(false);
  });

  test("stays reached while it is asked again", () => {
    expect(dial(SILENCE, { isConnected: true, wasReached: true })).toEqual([true, undefined]);
    expect(dial(SILENCE, { isConnected: false, wasReached: true })).toEqual([true, false]);
  });
});
