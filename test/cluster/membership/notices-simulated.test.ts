import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { Lab } from "../../support/simulated/lab.ts";
import { PORT } from "../../support/simulated/lab-node.ts";
import { Stranger } from "../../support/simulated/stranger.ts";
import { described } from "../peers/support.ts";

const LEAD = "/api/cluster/lead";
const MOVED = "/api/cluster/moved";
const CASE = "/api/cluster/case";
const WITNESS = "/api/cluster/witness";
const problem = z.object({ type: z.string() });
const codeOf = (body: unknown) => problem.parse(body).type.replace("urn:tankd:problem:", "");

/**
 * A hub with a worker, and a stranger who has shaken hands with it as a hub and says what he likes.
 */
async function setUp() {
  const lab = new Lab(1);
  const [hub, worker] = lab.addMany(2);
  if (!hub || !worker) throw new Error("two nodes");
  for (const node of [hub, worker]) node.start();
  await lab.until("one cluster", 10_000, () => lab.agree([hub, worker]));
  await lab.run(3_000);
  const stranger = new Stranger(lab);
  const addresses = [{ host: stranger.process.host.address, port: PORT }];
  const { document } = described(stranger.identity.nodeId);
  const hello = {
    ...document,
    standing: { ...document.standing, role: "hub" },
    addresses,
    challenge: "0123456789abcdef",
    time_ms: stranger.process.clock.wallMs(),
    defers: false,
  };
  const { status } = await stranger.say(worker, "POST", "/api/cluster/hello", hello);
  expect(status).toBe(200);
  const notice = { boot_id: document.boot_id, addresses };
  return { lab, hub, worker, stranger, notice };
}

describe("a stranger's word to a worker", () => {
  test("that he leads now has no effect while the hub is heard", async () => {
    const { lab, hub, worker, stranger, notice } = await setUp();
    const { status, body } = await stranger.say(worker, "POST", LEAD, notice);
    expect([status, body]).toEqual([200, { noted: false }]);
    await lab.run(10_000);
    expect(worker.cluster.view().hub?.node_id).toBe(hub.identity.nodeId);
    expect(worker.logged("role changed")).toEqual([]);
  });

  test("nor when it is lost: only a node that the hub named is followed on its word", async () => {
    const { lab, hub, worker, stranger, notice } = await setUp();
    hub.kill();
    await lab.until("lost", 5_000, () => worker.logged("the hub has fallen silent").length > 0);
    const { body } = await stranger.say(worker, "POST", LEAD, notice);
    expect(body).toEqual({ noted: false });
    await lab.run(20_000);
    expect(worker.cluster.role).toBe("hub");
  });

  test("that the hub has moved to him has no effect", async () => {
    const { lab, hub, worker, stranger, notice } = await setUp();
    const { body } = await stranger.say(worker, "POST", MOVED, notice);
    expect(body).toEqual({ noted: false });
    await lab.run(10_000);
    expect(worker.cluster.view().hub).toMatchObject({
      node_id: hub.identity.nodeId,
      host: hub.host.address,
    });
  });

  test("that it shall dial somebody is refused: a worker dials for its own hub only", async () => {
    const { worker, stranger, notice } = await setUp();
    const request = { subject: "somebody", ...notice };
    const { status, body } = await stranger.say(worker, "POST", WITNESS, request);
    expect([status, codeOf(body)]).toEqual([403, "not_trusted"]);
  });
});

test("all of them are signed: without a signature each is refused", async () => {
  const { worker, stranger, notice } = await setUp();
  for (const path of [LEAD, MOVED, CASE, WITNESS]) {
    const { body } = await stranger.say(worker, "POST", path, notice, { unsigned: true });
    expect([path, codeOf(body)]).toEqual([path, "bad_signature"]);
  }
});

describe("a case", () => {
  const hubCase = {
    challenge: "0123456789abcdef",
    boot_id: "b",
    priority: 1_000,
    may_claim: true,
    defers: false,
    dials_you: false,
    follows: [],
    witnesses: [],
    winner: null,
  };

  test("of somebody who has not shaken hands is refused", async () => {
    const { hub, stranger } = await setUp();
    const { body } = await stranger.say(hub, "POST", CASE, hubCase);
    expect(codeOf(body)).toBe("unknown_server");
  });

  test("that is longer than one may be, or has nonsense in it, is refused", async () => {
    const { hub, stranger } = await setUp();
    for (const change of [{ priority: -1 }, { winner: "x".repeat(65) }, { follows: [{}] }]) {
      const { status } = await stranger.say(hub, "POST", CASE, { ...hubCase, ...change });
      expect([change, status]).toEqual([change, 400]);
    }
  });
});
