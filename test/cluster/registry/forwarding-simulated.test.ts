import { describe, expect, test } from "bun:test";
import { type Identity, identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import type { PeerReply } from "../../../src/cluster/peer-route.ts";
import { FORWARD_PATH } from "../../../src/cluster/registry/forwarding.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { type LabNode, PORT } from "../../support/simulated/lab-node.ts";
import { CONTROL, cluster, sendSigned, signedBy, TANK_WORLD } from "./support.ts";

const REGISTER = "/api/discovery/register";
const NEWCOMER = identityFromSeed(new Uint8Array(32).fill(5));
const MALLORY = identityFromSeed(new Uint8Array(32).fill(9));

type Cluster = Awaited<ReturnType<typeof cluster>>;

/** What a forwarder sends to its hub. */
function envelope(
  to: LabNode,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  source = "10.50.0.1",
  method: "POST" | "DELETE" = "POST",
) {
  const authority = `${to.host.address}:${PORT}`;
  const text = body === undefined ? "" : JSON.stringify(body);
  return { source, request: { method, authority, path, headers, body: text } };
}

/** The worker's key, in the hands of somebody who lies about what it was sent. */
function forwardAs(identity: Identity, { lab, hub, outside }: Cluster, sent: object) {
  return sendSigned(lab, outside, identity, hub, "POST", FORWARD_PATH, sent);
}

function problemOf({ status, body }: PeerReply): unknown {
  return [status, typeof body === "object" && body !== null && "type" in body ? body.type : body];
}

const NOT_TRUSTED = [403, "urn:tankd:problem:not_trusted"];

describe("a node that registers through another one", () => {
  test("is listed by its own signature, once, and beats and leaves the same way", async () => {
    const { lab, hub, worker, outside } = await cluster(201);
    const { nodeId } = NEWCOMER;
    const body = { ...TANK_WORLD, server_id: "new", host: "10.44.0.4", heartbeat_interval: 5 };
    const send = (method: "POST" | "DELETE", path: string, sent?: object) =>
      sendSigned(lab, outside, NEWCOMER, worker, method, path, sent);
    expect(await send("POST", REGISTER, body)).toMatchObject({
      status: 200,
      body: { status: "registered", server_id: "new", heartbeat_interval: 5 },
    });
    const rows = () => hub.cluster.servers().filter(({ server_id }) => server_id.startsWith("new"));
    expect(rows()).toMatchObject([{ node_id: nodeId, signed: true, host: "10.44.0.4" }]);
    expect((await send("POST", "/api/discovery/heartbeat/new", { fish_count: 9 })).status).toBe(
      200,
    );
    expect(rows()).toMatchObject([{ fish_count: 9, signed: true }]);
    expect((await send("DELETE", "/discovery/new?boot_id=x")).status).toBe(200);
    expect(rows()).toEqual([]);
  });

  test("is refused as the hub refuses it, word for word", async () => {
    const { lab, worker, outside } = await cluster(202);
    const body = { ...TANK_WORLD, node_id: "somebody-else" };
    const reply = await sendSigned(lab, outside, NEWCOMER, worker, "POST", REGISTER, body);
    expect(reply).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining("another one's record") },
    });
  });
});

describe("the hub", () => {
  test("judges what is passed on by the signature inside alone", async () => {
    const parts = await cluster(203);
    const { lab, hub, worker } = parts;
    const body = { ...TANK_WORLD, server_id: "new" };
    const sign = (audience?: string) =>
      signedBy(lab, NEWCOMER, worker, "POST", REGISTER, body, audience);
    const via = worker.identity;
    const good = envelope(worker, REGISTER, body, sign());
    const wrong = [
      envelope(worker, REGISTER, { ...body, port: 6666 }, sign()),
      envelope(worker, "/discovery/register", body, sign()),
      envelope(worker, REGISTER, body, sign(hub.identity.nodeId)),
      envelope(worker, REGISTER, body, { ...sign(), "content-digest": "sha-256=:x:" }),
    ];
    for (const sent of wrong) {
      expect(problemOf(await forwardAs(via, parts, sent))).toEqual(NOT_TRUSTED);
    }
    // It was signed for the worker: nobody else may bring it.
    expect(problemOf(await forwardAs(MALLORY, parts, good))).toEqual(NOT_TRUSTED);
    expect(hub.cluster.server("new")).toBeUndefined();
    expect((await forwardAs(via, parts, good)).status).toBe(200);
    // Nor may it be brought twice.
    expect(problemOf(await forwardAs(via, parts, good))).toEqual(NOT_TRUSTED);
    expect(hub.cluster.server("new")).toMatchObject({ node_id: NEWCOMER.nodeId, signed: true });
  });

  test("takes what is not signed from confirmed nodes only", async () => {
    const parts = await cluster(204);
    const { lab, hub, outside } = parts;
    const unsigned = envelope(hub, REGISTER, TANK_WORLD);
    expect(problemOf(await forwardAs(MALLORY, parts, unsigned))).toEqual(NOT_TRUSTED);
    const record = { ...TANK_WORLD, server_id: "mallory" };
    await sendSigned(lab, outside, MALLORY, hub, "POST", REGISTER, record);
    expect(hub.cluster.server("mallory")?.status).toBe("online");
    await lab.run(2_000);
    // It is registered, and has not answered where it was dialled.
    expect(problemOf(await forwardAs(MALLORY, parts, unsigned))).toEqual(NOT_TRUSTED);
    const anonymous = await lab.request(outside, hub, "POST", FORWARD_PATH, unsigned);
    expect(problemOf(anonymous)).toEqual([401, "urn:tankd:problem:bad_signature"]);
    expect(hub.cluster.server("local-server")).toBeUndefined();
  });

  test("lets no forwarder change another address's row, or remove one it did not add", async () => {
    const parts = await cluster(205);
    const { hub, outside, send, worker } = parts;
    const via = worker.identity;
    const beat = "/api/discovery/heartbeat/local-server";
    const remove = "/api/discovery/unregister/local-server";
    const leave = (source: string) => envelope(worker, remove, undefined, {}, source, "DELETE");
    await send(hub, "POST", REGISTER, TANK_WORLD);
    const stolen = { ...TANK_WORLD, port: 6666 };
    for (const path of [REGISTER, beat]) {
      const reply = await forwardAs(via, parts, envelope(worker, path, stolen));
      expect(problemOf(reply)).toEqual([409, "urn:tankd:problem:conflict"]);
    }
    expect((await forwardAs(via, parts, leave("10.50.0.1"))).status).toBe(404);
    expect(problemOf(await forwardAs(via, parts, leave(outside.address)))).toEqual(NOT_TRUSTED);
    expect(hub.cluster.server("local-server")).toMatchObject({ host: outside.address, port: 8000 });
    // A heartbeat of its own address makes it nobody else's.
    await forwardAs(via, parts, envelope(worker, beat, TANK_WORLD, {}, outside.address));
    expect(problemOf(await forwardAs(via, parts, leave(outside.address)))).toEqual(NOT_TRUSTED);
    // Nor does a worker have a say about nodes.
    const worse = envelope(worker, "/discovery/hub", undefined, {}, "10.50.0.1", "DELETE");
    expect(problemOf(await forwardAs(via, parts, worse))).toEqual(NOT_TRUSTED);
  });

  test("lists as many by a forwarder as by an address, whatever addresses it names", async () => {
    const parts = await cluster(206);
    const { hub, worker, lab } = parts;
    const bring = (number: number) => {
      const source = `10.51.${number >> 8}.${number & 255}`;
      const record = { ...TANK_WORLD, server_id: `fake-${number}` };
      const sent = envelope(worker, REGISTER, record, {}, source);
      return forwardAs(worker.identity, parts, sent);
    };
    for (let number = 0; number < LIMITS.serversPerAddressMax; number++) {
      expect((await bring(number)).status).toBe(200);
    }
    expect(problemOf(await bring(9_999))).toEqual([429, "urn:tankd:problem:too_many"]);
    // And nobody pays for it whose address it has named.
    const framed = lab.world.addHost({ name: "framed" });
    const own = await lab.request(framed, hub, "POST", REGISTER, TANK_WORLD);
    expect(own.status).toBe(200);
  });

  test("takes loopback as the forwarder's own address, never as its own", async () => {
    const parts = await cluster(207);
    const { hub, worker, outside } = parts;
    const record = { ...TANK_WORLD, host: "127.0.0.1" };
    await forwardAs(worker.identity, parts, envelope(worker, REGISTER, record, {}, "127.0.0.1"));
    expect(hub.cluster.server("local-server")?.host).toBe(outside.address);
  });

  test("answers by envelope what concerns the list, and nothing else", async () => {
    const parts = await cluster(208);
    const { worker } = parts;
    for (const path of ["/api/tanks", FORWARD_PATH, "//["]) {
      const { status } = await forwardAs(worker.identity, parts, envelope(worker, path, {}));
      expect([400, 404]).toContain(status);
    }
  });
});

describe("a node that is not hub", () => {
  test("passes on what it was sent, not what was passed on: it says who is hub", async () => {
    const { lab, hub, worker, outside } = await cluster(209);
    const sent = envelope(worker, REGISTER, TANK_WORLD);
    const reply = await sendSigned(lab, outside, MALLORY, worker, "POST", FORWARD_PATH, sent);
    expect(reply).toMatchObject({
      status: 421,
      body: {
        type: "urn:tankd:problem:misdirected",
        hub_url: `http://${hub.host.address}:${PORT}`,
      },
    });
  });

  test("does not remove another server by its own token, which is not the hub's", async () => {
    const { hub, worker, send } = await cluster(210);
    const path = "/api/discovery/unregister/hub";
    const reply = await send(worker, "DELETE", path, undefined, CONTROL);
    expect(problemOf(reply)).toEqual([421, "urn:tankd:problem:misdirected"]);
    expect(hub.cluster.server("hub")?.status).toBe("online");
  });

  test("believes its operator about the host of a server without a key", async () => {
    const { hub, worker, send } = await cluster(211);
    expect((await send(worker, "POST", REGISTER, TANK_WORLD, CONTROL)).status).toBe(200);
    expect(hub.cluster.server("local-server")?.host).toBe("192.168.7.7");
  });
});
