import { describe, expect, test } from "bun:test";
import { JournalPositions } from "../../../src/cluster/clones/journal-positions.ts";
import { type Identity, identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { MemoryJournal } from "../../../src/store/memory/journal.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { ada, bob, said } from "./support-statements.ts";

async function started(identity: Identity) {
  const process = new SimulatedWorld({ seed: 1 }).addHost({ name: "n" }).boot();
  const { clock, timers } = process;
  const deps = { identity, bootId: "two", journal: new MemoryJournal(), log: silentLog };
  const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  const hooks = {
    table,
    knows: () => true,
    counts: () => true,
    challenges: () => undefined,
    onChallenged: () => {},
    onFenced: () => {},
  };
  const positions = new JournalPositions({ ...deps, clock, timers }, hooks);
  await positions.start();
  return { positions, table, clock };
}

describe("a node that is told what others remember of it", () => {
  async function told(remembered: string) {
    const { positions } = await started(ada);
    positions.hear(bob.nodeId, { remembered_position: remembered }, true);
    return { positions, fenced: positions.fenced };
  }

  test("is fenced for its own words, and says nothing of its position any more", async () => {
    const { positions, fenced } = await told(said(99, "one").text);
    expect(fenced?.code).toBe("directory_copied");
    expect(fenced?.message).toContain(bob.nodeId);
    expect(positions.statement()).toBeUndefined();
  });

  test.each([
    said(99, "one", bob).text,
    said(99, "one").text.replace("99", "999"),
    "999.one.".padEnd(94, "A"),
    "nonsense",
  ])("goes on whatever a stranger makes up: %s", async (forged) => {
    const { positions, fenced } = await told(forged);
    expect(fenced).toBeUndefined();
    expect(positions.statement()).toBeDefined();
  });
});

describe("what workers report to their hub", () => {
  const hub = identityFromSeed(new Uint8Array(32).fill(3));
  const partners = Array.from({ length: LIMITS.positionsPerReportMax + 4 }, (_, index) =>
    identityFromSeed(new Uint8Array(32).fill(100 + index)),
  );

  test("is each fish partner once, in bounded batches, and again what has changed", async () => {
    const { positions } = await started(bob);
    const words = partners.map((partner) => said(5, "one", partner).text);
    for (const [index, { nodeId }] of partners.entries()) {
      positions.remember(nodeId, words[index]);
    }
    positions.hear("met", { journal_position: said(5, "one").text }, true);
    const first = positions.positionsToReport(hub.nodeId);
    expect(first).toEqual(words.slice(0, LIMITS.positionsPerReportMax));
    // Not answered: said again.
    expect(positions.positionsToReport(hub.nodeId)).toEqual(first);
    positions.reported(first);
    const second = positions.positionsToReport(hub.nodeId);
    expect(second).toEqual(words.slice(LIMITS.positionsPerReportMax));
    positions.reported(second);
    expect(positions.positionsToReport(hub.nodeId)).toEqual([]);
    const [partner] = partners;
    const newer = said(6, "one", partner).text;
    positions.remember(partner?.nodeId ?? "", newer);
    expect(positions.positionsToReport(hub.nodeId)).toEqual([newer]);
  });

  test("is told again to another hub, and to one that was started again", async () => {
    const { positions } = await started(bob);
    const { text } = said(5, "one");
    positions.remember(ada.nodeId, text);
    const tell = (to: string, bootId: string) => {
      const batch = positions.positionsToReport(to);
      positions.hear(to, { journal_position: said(1, bootId, hub).text }, true);
      positions.reported(batch);
      return batch;
    };
    expect(tell(hub.nodeId, "one")).toEqual([text]);
    expect(tell(hub.nodeId, "one")).toEqual([]);
    expect(tell("another", "one")).toEqual([text]);
    expect(tell(hub.nodeId, "one")).toEqual([text]);
    // Its answer shows that it has lost what it was told before.
    expect(tell(hub.nodeId, "two")).toEqual([]);
    expect(tell(hub.nodeId, "two")).toEqual([text]);
  });

  test("is shown to the node that it is about, as long as it may be news to it", async () => {
    const { positions, table } = await started(hub);
    const { text } = said(99, "one");
    positions.hear(bob.nodeId, { partner_positions: [text] }, true);
    expect(positions.tell(ada.nodeId).reported_positions).toEqual([text]);
    expect(positions.tell(bob.nodeId).reported_positions).toBeUndefined();
    table.ensure(ada.nodeId);
    const contact = { nodeId: ada.nodeId, bootId: "one", addresses: [], fenced: false };
    table.update(ada.nodeId, { boot: { contact, heardMs: 0 } });
    positions.hear(ada.nodeId, { journal_position: said(98, "one").text }, true);
    expect(positions.tellBriefly(ada.nodeId).reported_positions).toEqual([text]);
    positions.hear(ada.nodeId, { journal_position: said(99, "one").text }, true);
    expect(positions.tellBriefly(ada.nodeId).reported_positions).toBeUndefined();
  });

  test("fences a node that lacks what it has said", async () => {
    const { positions } = await started(ada);
    positions.hear(hub.nodeId, { reported_positions: [said(99, "one").text] }, true);
    expect(positions.fenced?.code).toBe("directory_copied");
  });

  test.each([
    said(99, "one").text.replace("99", "999"),
    said(99, "one").text.replace(ada.publicKey, bob.publicKey),
    said(99, "one").text.replace(`.${ada.publicKey}`, ""),
    "nonsense",
  ])("is not kept where it is not that node's own word: %s", async (forged) => {
    const { positions } = await started(hub);
    positions.hear(partners[0]?.nodeId ?? "", { partner_positions: [forged] }, true);
    expect(positions.tell(ada.nodeId).reported_positions).toBeUndefined();
    expect(positions.tell(bob.nodeId).reported_positions).toBeUndefined();
  });
});

describe("fish leave", () => {
  test("after the hub has answered, and not at once", async () => {
    const { positions, clock } = await started(ada);
    const nowMs = clock.monotonicMs();
    positions.hubAnswered();
    expect(positions.clearedForExport(nowMs + 60_000)).toBe(false);
    positions.joining();
    expect(positions.clearedForExport(nowMs + 2_900)).toBe(false);
    expect(positions.clearedForExport(nowMs + 3_000)).toBe(true);
  });

  test("of a node that is alone a little later, and never of one that is fenced", async () => {
    const { positions, clock } = await started(ada);
    const nowMs = clock.monotonicMs();
    positions.joining();
    expect(positions.clearedForExport(nowMs + 4_900)).toBe(false);
    expect(positions.clearedForExport(nowMs + 5_000)).toBe(true);
    positions.judge(bob.nodeId, said(99, "one").text);
    expect(positions.clearedForExport(nowMs + 60_000)).toBe(false);
  });
});
