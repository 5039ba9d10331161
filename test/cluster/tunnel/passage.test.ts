import { describe, expect, test } from "bun:test";
import { Passage } from "../../../src/cluster/tunnel/passage.ts";
import { Problem } from "../../../src/platform/errors.ts";
import { LIMITS } from "../../../src/platform/limits.ts";

const HERE = "127.0.0.1";

function passage() {
  const outcomes: string[] = [];
  const made = new Passage({
    clock: { wallMs: () => 0, monotonicMs: () => 0 },
    metrics: {
      count: (_, labels) => void outcomes.push(String(labels?.["outcome"])),
      set: () => {},
      observe: () => {},
    },
  });
  const answers: (() => void)[] = [];
  /** True once it is answered, false where it is refused. */
  const wait = (nodeId: string, source: string): Promise<boolean> =>
    made
      .within(
        nodeId,
        source,
        () => new Promise<boolean>((resolve) => answers.push(() => resolve(true))),
      )
      .catch((error: unknown) => {
        if (error instanceof Problem && error.code === "too_many") return false;
        throw error;
      });
  return { made, outcomes, wait, answers };
}

describe("requests on their way to others", () => {
  test("are bounded for one address, of which one node has a share", async () => {
    const { wait, answers } = passage();
    const nodes = LIMITS.relayedRequestsPerSourceMax / LIMITS.relayedRequestsPerSourceAndNodeMax;
    const waiting: Promise<boolean>[] = [];
    for (let node = 0; node < nodes; node++) {
      for (let n = 0; n < LIMITS.relayedRequestsPerSourceAndNodeMax; n++) {
        waiting.push(wait(`node-${node}`, "10.0.0.1"));
      }
      expect(await wait(`node-${node}`, "10.0.0.1")).toBe(false);
    }
    expect(await wait("one more", "10.0.0.1")).toBe(false);
    // Addresses of one IPv6 network are one.
    for (let n = 0; n < LIMITS.relayedRequestsPerSourceAndNodeMax; n++) {
      waiting.push(wait("six", `2001:db8:0:1::${n}`));
    }
    expect(await wait("six", "2001:db8:0:1::ffff")).toBe(false);
    waiting.push(wait("six", "2001:db8:0:2::1"));
    for (const answer of answers) answer();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]));
    void wait("node-0", "10.0.0.1").then((taken) => expect(taken).toBe(true));
    answers.at(-1)?.();
  });

  test("for programs of this machine are bounded for each node and in all", async () => {
    const { wait, answers } = passage();
    const nodes = LIMITS.relayedRequestsMax / LIMITS.relayedRequestsPerNodeMax;
    const waiting: Promise<boolean>[] = [];
    for (let node = 0; node < nodes; node++) {
      for (let n = 0; n < LIMITS.relayedRequestsPerNodeMax; n++) {
        waiting.push(wait(`node-${node}`, HERE));
      }
      expect(await wait(`node-${node}`, HERE)).toBe(false);
    }
    expect(await wait("one more", HERE)).toBe(false);
    for (const answer of answers) answer();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]));
  });
});

test("what waits for the hub is bounded, in all and for one address", async () => {
  const { made, outcomes } = passage();
  const answers: (() => void)[] = [];
  const forward = (source: string) =>
    made
      .forward(source, () => new Promise<void>((resolve) => void answers.push(resolve)))
      .then(() => true)
      .catch((error: unknown) => {
        if (error instanceof Problem && error.code === "too_many") return false;
        throw error;
      });
  const waiting: Promise<boolean>[] = [];
  for (let n = 0; n < LIMITS.forwardedRequestsPerSourceMax; n++) waiting.push(forward("10.0.0.1"));
  expect(await forward("10.0.0.1")).toBe(false);
  while (waiting.length < LIMITS.forwardedRequestsMax) waiting.push(forward(HERE));
  expect([await forward(HERE), await forward("10.0.0.2")]).toEqual([false, false]);
  for (const answer of answers) answer();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]));
  expect(outcomes.filter((one) => one === "refused")).toHaveLength(3);
  const later = forward("10.0.0.1");
  answers.at(-1)?.();
  expect(await later).toBe(true);
});

test("what becomes of each request is counted", async () => {
  const { made, outcomes } = passage();
  await made.read("node", HERE, async () => 1);
  await made.read("node", HERE, () => Promise.reject(new Error("gone"))).catch(() => {});
  for (let n = 2; n < LIMITS.relayedReadsBurstPerNode; n++) made.admit("node", HERE);
  await expect(made.read("node", HERE, async () => 1)).rejects.toMatchObject({ code: "too_many" });
  expect(outcomes).toEqual(["answered", "failed", "refused"]);
});
