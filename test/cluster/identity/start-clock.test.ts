import { expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import {
  createVerifier,
  SIGNATURE_WINDOW_SECONDS,
  signRequest,
  verifyRequest,
} from "../../../src/cluster/identity/signature.ts";
import { StartClock } from "../../../src/cluster/identity/start-clock.ts";

const PARTS = { method: "POST", authority: "10.0.0.1:8000", path: "/p", body: "{}" };
const signer = identityFromSeed(new Uint8Array(32).fill(1));
const random = { bytes: (n: number) => crypto.getRandomValues(new Uint8Array(n)), unit: () => 0 };

/** One start of a node: its clocks, and what it says to a request that is dated by them. */
function startOf(wallMs: number) {
  const time = { wallMs, monotonicMs: 5_000 };
  const clock = { wallMs: () => time.wallMs, monotonicMs: () => time.monotonicMs };
  const startClock = new StartClock(clock, random);
  const verifier = createVerifier("node", clock, { startClock });
  const sign = () => {
    const startOffsetMs = startClock.nowMs() - clock.monotonicMs();
    const options = { audience: "node", startOffsetMs };
    return signRequest(signer, PARTS, clock, random, options);
  };
  return { time, sign, hears: (headers: object) => verifyRequest(PARTS, { ...headers }, verifier) };
}

test("a request is good for the start that it is dated for, and for no other", () => {
  const [first, second] = [startOf(1_000_000), startOf(1_000_000)];
  const request = first.sign();
  expect(second.hears(request)).toMatchObject({ kind: "bad" });
  expect(first.hears(request)).toMatchObject({ kind: "signed" });
});

test("it is too old after the window, wherever the wall clock goes", () => {
  const { time, sign, hears } = startOf(1_000_000_000);
  const request = sign();
  time.wallMs -= 900_000_000;
  expect(hears(sign())).toMatchObject({ kind: "signed" });
  time.monotonicMs += 1000 * (SIGNATURE_WINDOW_SECONDS + 1);
  expect(hears(request)).toMatchObject({ kind: "bad" });
  expect(hears(sign())).toMatchObject({ kind: "signed" });
});

test("one that is dated by the wall clock is still read: versions before have no other", () => {
  const { time, hears } = startOf(1_000_000_000);
  const clock = { wallMs: () => time.wallMs, monotonicMs: () => 0 };
  const request = () => signRequest(signer, PARTS, clock, random, { audience: "node" });
  expect(hears(request())).toMatchObject({ kind: "signed" });
  const before = request();
  time.wallMs += 1000 * (SIGNATURE_WINDOW_SECONDS + 1);
  expect(hears(before)).toMatchObject({ kind: "bad" });
});
