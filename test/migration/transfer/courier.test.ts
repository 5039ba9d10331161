import { expect, test } from "bun:test";
import { Courier } from "../../../src/migration/transfer/courier.ts";
import { NetworkError, type NetworkFailure } from "../../../src/platform/network.ts";
import { realTimers } from "../../../src/platform/real/timers.ts";
import type { OutboxRow } from "../../../src/store/rows.ts";
import { FakeCluster } from "../fake-cluster.ts";

const ROW: OutboxRow = {
  transfer_id: "ab".repeat(16),
  source_tank_id: "reef",
  source_node_id: null,
  destination_tank_id: "lake",
  destination_node_id: "there",
  connection_id: "c-1",
  entity_type: "fish",
  entity_id: "f-1",
  side: "left",
  record: new Uint8Array([1]),
  record_digest: "00",
  sequence: 1,
  state: "pending",
  attempts: 1,
  reason: null,
  created_at: 0,
  updated_at: 0,
};

/**
 * Asks over a network that fails so often before it answers; returns what was heard and the calls.
 */
async function ask(failure: NetworkFailure, failures: number, peerRetries: number) {
  let calls = 0;
  const cluster = new FakeCluster("here", [], () => {
    calls++;
    if (calls <= failures) return Promise.reject(new NetworkError(failure, "broken"));
    return Promise.resolve({ status: 429, body: { type: "urn:tankd:problem:too_many" } });
  });
  const answerLocally = () => Promise.reject(new Error("nothing is asked here"));
  const owners = { proofFor: () => undefined };
  const asksToReplace = () => false;
  const times = { timers: realTimers, peerTimeoutMs: 1_000, peerRetries };
  const ports = { cluster, owners, ...times, answerLocally, asksToReplace };
  const heard = await new Courier(ports).ask(ROW, 1, "transfer");
  return { heard, calls };
}

test.each(["refused", "unreachable"] as const)(
  "a question is put again at once: %s",
  async (how) => {
    const { heard, calls } = await ask(how, 2, 3);
    expect(heard).toMatchObject({ verdict: undefined, code: "too_many" });
    expect(calls).toBe(3);
  },
);

test("so often and no more, and then nothing is decided", async () => {
  const { heard, calls } = await ask("refused", 10, 3);
  expect(heard).toMatchObject({ verdict: undefined, code: "no_answer" });
  expect(calls).toBe(4);
});

test.each(["timeout", "too_large", "redirected"] as const)("not after %s", async (how) => {
  const { heard, calls } = await ask(how, 1, 3);
  expect(heard).toMatchObject({ code: "no_answer" });
  expect(calls).toBe(1);
});

test("not at all where no retries are wanted", async () => {
  expect((await ask("refused", 1, 0)).calls).toBe(1);
});
