import { expect, test } from "bun:test";
import type { PeerRequest } from "../../../src/cluster/peer-route.ts";
import { directClaimant } from "../../../src/cluster/registry/claimant.ts";
import { Forwarder } from "../../../src/cluster/registry/forwarding.ts";
import { Passage } from "../../../src/cluster/tunnel/passage.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { noMetrics } from "../../../src/telemetry/metrics.ts";

const BODY = '{"server_id":"s"}';

function registration(remoteAddress: string): PeerRequest {
  const wire = { method: "POST", authority: "a", path: "/register", headers: {}, body: BODY };
  return {
    params: {},
    query: {},
    body: JSON.parse(BODY),
    signer: undefined,
    signerKey: undefined,
    controlled: false,
    remoteAddress,
    wire,
  };
}

test("a hub that does not answer holds a bounded number of what others want of it", async () => {
  const answers: (() => void)[] = [];
  const forwarder = new Forwarder({
    client: {
      send: () =>
        new Promise((resolve) => {
          answers.push(() => resolve({ status: 200, body: {}, rttMs: 1 }));
        }),
    },
    passage: new Passage({ clock: { wallMs: () => 0, monotonicMs: () => 0 }, metrics: noMetrics }),
    timeoutMs: 5_000,
  });
  const pass = (remoteAddress: string) => {
    const request = registration(remoteAddress);
    return forwarder.passOn(request, directClaimant(request, "10.0.0.1"), "hub");
  };
  const waiting = Array.from({ length: LIMITS.forwardedRequestsPerSourceMax }, () =>
    pass("10.0.0.9"),
  );
  const oneMore = pass("10.0.0.9").catch((error: unknown) => error);
  waiting.push(pass("10.0.0.8"));
  await Bun.sleep(0);
  for (const answer of answers) answer();
  expect(await oneMore).toMatchObject({ code: "too_many" });
  expect(answers).toHaveLength(waiting.length);
  expect(new Set((await Promise.all(waiting)).map(({ status }) => status))).toEqual(new Set([200]));
});
