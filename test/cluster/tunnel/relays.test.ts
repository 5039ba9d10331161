import { describe, expect, test } from "bun:test";
import { RELAY_TIMEOUT_MAX_MS } from "../../../src/cluster/tunnel/messages.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { REQUEST, relays, socket, us } from "./support.ts";

describe("a tunnel to this node", () => {
  test("is opened by who has signed for it, has said hello, and is a member", () => {
    const { tunnels, know } = relays();
    const accept = (signer: string | undefined) => () =>
      tunnels.accept({ signer, remoteAddress: "10.0.0.7" });
    expect(accept(undefined)).toThrow("This request must be signed");
    expect(accept("pi")).toThrow("Only a node that has completed a handshake");
    know("stranger");
    expect(accept("stranger")).toThrow("Only a node that has completed a handshake");
    know("pi");
    expect(accept("pi")).not.toThrow();
    expect(tunnels.holds("pi")).toBe(false);
    accept("pi")().open(socket());
    expect(tunnels.holds("pi")).toBe(true);
  });

  test("takes the place of the one before, which is closed", () => {
    const { tunnels, know } = relays();
    know("pi");
    const closed: string[] = [];
    const open = () => tunnels.accept({ signer: "pi", remoteAddress: "10.0.0.7" });
    open().open(socket(closed));
    open().open(socket(closed));
    expect(closed).toEqual(["replaced"]);
    expect(tunnels.holds("pi")).toBe(true);
  });

  test("is one of a bounded number, and one address has a share of that", () => {
    const { tunnels, know } = relays();
    const open = (id: string, remoteAddress: string) => {
      know(id);
      tunnels.accept({ signer: id, remoteAddress }).open(socket());
    };
    for (let index = 0; index < LIMITS.tunnelsPerSourceMax; index++) open(`a${index}`, "10.0.0.7");
    expect(() => open("one more", "10.0.0.7")).toThrow("Too many tunnels");
    // Who has one already may open it anew, and others are not kept out.
    open("a0", "10.0.0.7");
    open("b", "10.0.0.8");
    // A balancer on this machine may bring everybody.
    for (let index = 0; index <= LIMITS.tunnelsPerSourceMax; index++) {
      open(`c${index}`, "127.0.0.1");
    }
  });

  test("is gone with the last of its connection", () => {
    const { tunnels, know } = relays();
    know("pi");
    const tunnel = tunnels.accept({ signer: "pi", remoteAddress: "10.0.0.7" });
    tunnel.open(socket());
    tunnel.listener.onClose(1006, "");
    expect(tunnels.holds("pi")).toBe(false);
  });
});

describe("what is passed on", () => {
  const bearer = { signer: "asker", remoteAddress: "10.0.0.9" };

  test("goes once to a node that can be dialled, and says where it came from", async () => {
    const { made, met, sent } = relays({ listed: { pi: {} } });
    met("pi");
    const relay = { request: REQUEST, timeout_ms: 100 };
    expect(await made.relay("pi", relay, bearer)).toMatchObject({ status: 200 });
    expect(sent).toEqual(["pi"]);
    expect(made.relay("pi", { ...relay, source: "10.0.0.5" }, bearer)).rejects.toThrow();
    expect(sent).toEqual(["pi"]);
  });

  test("to a node that never answers is bounded, and others have their share", async () => {
    const answers: (() => void)[] = [];
    const wait = () => new Promise<void>((resolve) => void answers.push(resolve));
    const { made, met } = relays({ listed: { mute: {}, other: {} }, wait });
    for (const id of ["mute", "other"]) met(id);
    const ask = (id: string, asker: number) =>
      made.relay(
        id,
        { request: REQUEST, timeout_ms: 100 },
        { signer: "asker", remoteAddress: `10.0.0.${asker}` },
      );
    const askers = LIMITS.relayedRequestsPerNodeMax / LIMITS.relayedRequestsPerSourceAndNodeMax;
    const waiting = Array.from({ length: LIMITS.relayedRequestsPerNodeMax }, (_, n) =>
      ask("mute", n % askers),
    );
    const oneMore = ask("mute", askers).catch(String);
    waiting.push(ask("other", 0));
    await Bun.sleep(0);
    for (const answer of answers) answer();
    await Promise.all(waiting);
    expect(answers).toHaveLength(LIMITS.relayedRequestsPerNodeMax + 1);
    expect(await oneMore).toContain("Too many requests wait");
  });

  test("is refused for want of room, without a word against the node", async () => {
    const { made, tunnels, tunnel } = relays({ listed: { pi: {} } });
    tunnel("pi");
    const wire = { ...REQUEST, authority: "10.0.0.1:8000" };
    const waiting = Array.from({ length: LIMITS.tunnelRequestsPerSourceMax }, () =>
      made.passOn("pi", wire, bearer).catch(String),
    );
    const relay = { request: REQUEST, timeout_ms: 100 };
    for (const ask of [
      () => made.passOn("pi", wire, bearer),
      () => made.relay("pi", relay, bearer),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: "too_many" });
    }
    const other = { ...bearer, remoteAddress: "10.0.0.10" };
    waiting.push(made.passOn("pi", wire, other).catch(String));
    tunnels.closeAll();
    expect(new Set(await Promise.all(waiting))).toEqual(
      new Set([expect.stringContaining("the tunnel has ended")]),
    );
  });

  test("is waited for no longer than a peer waits, whatever the asker says", async () => {
    const { made, met, tunnel, asked, world } = relays({ listed: { pi: {}, dialled: {} } });
    const { live } = tunnel("pi");
    met("dialled");
    const relay = { request: REQUEST, timeout_ms: 2 ** 31 };
    const ends: string[] = [];
    void made.relay("pi", relay, bearer).catch((error: unknown) => void ends.push(String(error)));
    await world.run(RELAY_TIMEOUT_MAX_MS - 1);
    live();
    expect(ends).toEqual([]);
    await world.run(RELAY_TIMEOUT_MAX_MS);
    expect(ends).toEqual([expect.stringContaining("no answer through the tunnel")]);
    await made.relay("dialled", relay, bearer);
    await made.relay("dialled", { ...relay, timeout_ms: 7 }, bearer);
    expect(asked.map(({ timeoutMs }) => timeoutMs)).toEqual([RELAY_TIMEOUT_MAX_MS, 7]);
  });

  test("for a node with a tunnel elsewhere says where; for a dead or unknown one says so", () => {
    const { made } = relays({
      listed: { pi: { relay: "second" }, dead: { status: "offline" } },
    });
    const relay = { request: REQUEST, timeout_ms: 100 };
    expect(made.relay("pi", relay, bearer)).rejects.toThrow("ends at second");
    expect(made.relay("dead", relay, bearer)).rejects.toThrow("holds no tunnel");
    expect(made.relay("nobody", relay, bearer)).rejects.toThrow('No node "nobody"');
  });

  test("to this node itself is answered only from the source that its own hub names", async () => {
    const { made } = relays({ hub: "hub" });
    const sources: string[] = [];
    made.serveWith({
      answer: async (_, source) => {
        sources.push(source);
        return { status: 200, headers: {}, body: "" };
      },
      watch: () => () => {},
    });
    const relay = { request: REQUEST, timeout_ms: 100, source: "192.0.2.7" };
    await made.relay(us.nodeId, relay, { signer: "hub", remoteAddress: "10.0.0.2" });
    await made.relay(us.nodeId, relay, { signer: "liar", remoteAddress: "10.0.0.3" });
    // What came from this machine is not taken for a program of it.
    await made.relay(us.nodeId, relay, { signer: "liar", remoteAddress: "127.0.0.1" });
    expect(sources).toEqual(["192.0.2.7", "10.0.0.3", "10.0.0.1"]);
    // Nor does its hub open the dialling of more than it could ask for itself.
    const near = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.0.9", "fe80::9"];
    for (const source of near) {
      await made.relay(
        us.nodeId,
        { ...relay, source },
        { signer: "hub", remoteAddress: "10.0.0.2" },
      );
    }
    expect(sources.slice(3)).toEqual(near.map(() => "10.0.0.2"));
  });
});

test("a viewer is sent to addresses that were judged, not to a name that was not", async () => {
  const { made, table } = relays({ listed: { host: {} } });
  table.ensure("host");
  table.addAddresses("host", [{ host: "rebound.example", port: 80 }], "self");
  expect(await made.waysTo("host")).toEqual([]);
  table.noteWorked("host", { host: "rebound.example", port: 80, connectTo: "10.0.0.4" }, 0);
  expect(await made.waysTo("host")).toMatchObject([
    { nodeId: "host", address: { connectTo: "10.0.0.4" } },
  ]);
});
