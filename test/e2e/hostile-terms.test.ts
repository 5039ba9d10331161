import { describe, expect } from "bun:test";
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { identityFromSeed } from "../../src/cluster/identity/identity.ts";
import { signRequest } from "../../src/cluster/identity/signature.ts";
import { realClock } from "../../src/platform/real/clock.ts";
import { realRandom } from "../../src/platform/real/random.ts";
import { identitySchema } from "../support/api.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { neverTwoHubs, startMachines, WATCH_MS } from "./scenarios.ts";

const TIMEOUT_MS = 120_000;
const OPTIONS = ["--no-auto-connect", "--tanks", "0"];
const HELLO = "/api/cluster/hello";

/** Somebody with a key made on the spot, who looks from the switch. */
const stranger = identityFromSeed(randomBytes(32));
const STRANGER_ADDRESS = { host: "10.77.0.254", port: 8000 };

/** Greets a node as a hub of this term would; returns the status of the answer. */
async function greet(node: Node, counter: number): Promise<number> {
  const { protocol, cluster, node_id } = await node.get("/.well-known/tankd", identitySchema);
  const record = await node.get("/api/servers/local", z.looseObject({}));
  const own = { server_id: stranger.nodeId, node_id: stranger.nodeId, role: "hub" };
  const body = JSON.stringify({
    protocol,
    cluster,
    node_id: stranger.nodeId,
    boot_id: randomBytes(16).toString("hex"),
    standing: {
      role: "hub",
      term: { counter, node_id: stranger.nodeId },
      hub: { node_id: stranger.nodeId, addresses: [STRANGER_ADDRESS] },
      priority: 1_000,
      may_claim: true,
    },
    record: { ...record, ...own, ...STRANGER_ADDRESS, is_local: true },
    addresses: [STRANGER_ADDRESS],
    tanks: [],
    heartbeat_interval: 10,
    challenge: randomBytes(24).toString("base64url"),
    time_ms: Date.now(),
    defers: false,
  });
  const request = { method: "POST", authority: node.authority, path: HELLO, body };
  const options = { audience: node_id };
  const headers = signRequest(stranger, request, realClock, realRandom, options);
  return (await node.post(HELLO, body, headers)).status;
}

async function termsOf(nodes: readonly Node[]): Promise<readonly number[]> {
  return Promise.all(nodes.map(async (node) => (await node.local()).term.counter));
}

/**
 * Terms rise by one with each takeover; a foreign one never lifts them by more than a small step.
 */
const TERM_STEP_MAX = 1_000;

describe("a stranger's hello with a term from the far end", () => {
  labTest("does not reach the registry, a role or the next takeover", TIMEOUT_MS, async (lab) => {
    const nodes = await startMachines(lab, 3, OPTIONS);
    const hub = await lab.agree();
    const before = Math.max(...(await termsOf(nodes)));
    for (const node of nodes) {
      expect(await greet(node, Number.MAX_SAFE_INTEGER)).toBeGreaterThanOrEqual(400);
      // The highest term that the wire knows: the same hello is answered with it, and changes
      // nothing.
      expect(await greet(node, 2 ** 31 - 1)).toBe(200);
    }
    await neverTwoHubs(nodes, Bun.sleep(WATCH_MS));
    expect(await lab.agree()).toBe(hub);
    const survivors = nodes.filter((node) => node !== hub);
    await hub.crash();
    const next = await lab.agree(survivors);
    await neverTwoHubs(survivors, Bun.sleep(WATCH_MS));
    expect(await lab.agree(survivors)).toBe(next);
    expect(Math.max(...(await termsOf(survivors)))).toBeLessThan(before + TERM_STEP_MAX);
  });
});
