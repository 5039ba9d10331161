import { describe, expect, test } from "bun:test";
import { bearsProof } from "../../../src/cluster/identity/proof.ts";
import { signRequest } from "../../../src/cluster/identity/signature.ts";
import { RELAY_PATH } from "../../../src/cluster/tunnel/messages.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { SWITCHING_PROTOCOLS } from "../../../src/platform/sockets.ts";
import { REQUEST, relays, us } from "./support.ts";

describe("what a balancer has brought here", () => {
  const bearer = { signer: undefined, remoteAddress: "10.0.0.9" };
  const WIRE = { ...REQUEST, authority: "pool" };
  const MISDIRECTED = { code: "misdirected" };

  test("goes to the node that it is meant for, down its tunnel or to its address", async () => {
    const { made, tunnels, tunnel, met, sent } = relays({ listed: { pi: {}, server: {} } });
    met("server");
    expect(await made.passOn("server", WIRE, bearer)).toMatchObject({ status: 200, body: "{}" });
    expect(sent).toEqual(["server"]);
    const { down } = tunnel("pi");
    const answer = made.passOn("pi", WIRE, bearer).catch(String);
    expect(down).toHaveLength(1);
    tunnels.closeAll();
    // Known, and not reached: the sender should shake hands with it.
    expect(await answer).toContain(`meant for pi, this is ${us.nodeId}`);
    await expect(made.passOn("pi", WIRE, bearer)).rejects.toMatchObject(MISDIRECTED);
  });

  test("is nobody's where the node is not known", async () => {
    const { made, met, sent } = relays();
    met("stray");
    expect(await made.passOn("stray", WIRE, bearer)).toBeUndefined();
    expect(sent).toEqual([]);
  });

  test("goes one hop, and no WebSocket does", async () => {
    const { made, met, tunnel, sent } = relays({ listed: { server: {} } });
    met("server");
    const { down } = tunnel("pi");
    const passed = JSON.stringify({ request: REQUEST, timeout_ms: 1, source: "10.0.0.8" });
    const relayed = { ...WIRE, method: "POST", path: RELAY_PATH("server"), body: passed };
    const upgrade = { ...WIRE, headers: { upgrade: "websocket" } };
    for (const id of ["server", "pi"]) {
      for (const wire of [relayed, { ...relayed, path: RELAY_PATH("pi") }, upgrade]) {
        await expect(made.passOn(id, wire, bearer)).rejects.toMatchObject(MISDIRECTED);
      }
      const isPassedOn = { ...bearer, isPassedOn: true };
      await expect(made.passOn(id, WIRE, isPassedOn)).rejects.toMatchObject(MISDIRECTED);
    }
    expect([sent, down]).toEqual([[], []]);
    // What the asker himself brings to a relay has not gone one yet.
    for (const body of [JSON.stringify({ request: REQUEST, timeout_ms: 1 }), "{"]) {
      await made.passOn("server", { ...relayed, body }, bearer);
    }
    expect(sent).toEqual(["server", "server"]);
  });

  test("is not said again to who is not the one that was meant, nor is his key kept", async () => {
    const problem = { type: "urn:tankd:problem:misdirected" };
    const answer = { status: 421, body: problem };
    const { made, met, table, sent, asked } = relays({ listed: { server: {} }, answer });
    met("server");
    const key = {
      publicKey: "k",
      clockOffsetMs: 0,
      startOffsetMs: undefined,
      takesUnbound: true,
    };
    table.update("server", { key });
    await expect(made.passOn("server", WIRE, bearer)).rejects.toMatchObject(MISDIRECTED);
    expect([sent, asked]).toMatchObject([["server"], [{ isOnce: true }]]);
    expect(table.get("server")?.key).toBeUndefined();
  });
});

test("what is signed for this node is answered with its proof, as if from afar", async () => {
  const { made } = relays();
  const sources: string[] = [];
  made.serveWith({
    answer: async (_, source) => {
      sources.push(source);
      return { status: 404, headers: { "content-type": "x" }, body: "none" };
    },
    watch: () => () => {},
  });
  const { clock, random } = new SimulatedWorld({ seed: 1 }).addHost({ name: "a" }).boot();
  const parts = { ...REQUEST, authority: "a" };
  const wire = { ...parts, headers: signRequest(us, parts, clock, random, { audience: "x" }) };
  const reply = await made.answer(wire, "127.0.0.1");
  expect(sources).toEqual(["10.0.0.1"]);
  expect(reply).toMatchObject({ status: 404, body: "none", headers: { "content-type": "x" } });
  expect(bearsProof(us.publicKey, us.nodeId, wire, reply)).toBe(true);
  const taken = made.proofOf(wire, "owner x");
  const answer = { status: SWITCHING_PROTOCOLS, headers: taken, body: "owner x" };
  expect(bearsProof(us.publicKey, us.nodeId, wire, answer)).toBe(true);
  expect(made.proofOf({ ...parts, headers: {} })).toEqual({});
});
