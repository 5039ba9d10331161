import { expect, test } from "bun:test";
import { UPGRADE_HEADER } from "../../../src/platform/simulated/sockets.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { type MessageSocket, SWITCHING_PROTOCOLS } from "../../../src/platform/sockets.ts";

test("who says more than was asked for is cut off", async () => {
  const world = new SimulatedWorld({ seed: 1 });
  const server = world.addHost({ name: "a" }).boot();
  const client = world.addHost({ name: "b" }).boot();
  const ends: MessageSocket[] = [];
  const heard: string[] = [];
  server.listen(80, async ({ headers }) => {
    server.grant(headers[UPGRADE_HEADER] ?? "", {
      listener: { onMessage: () => {}, onClose: (code) => void heard.push(`server ${code}`) },
      open: (socket) => void ends.push(socket),
    });
    return { status: SWITCHING_PROTOCOLS, headers: {}, body: "" };
  });
  const [address] = server.host.addresses;
  const request = { path: "/", headers: {}, timeoutMs: 1_000, messageBytesMax: 4 };
  const connected = client.sockets.connect(
    { ...request, origin: `http://${address}` },
    {
      onMessage: (message) => void heard.push(String(message)),
      onClose: (code) => void heard.push(`client ${code}`),
    },
  );
  await world.run(1_000);
  await connected;
  for (const message of ["four", "five!", "late"]) ends[0]?.send(message);
  await world.run(2_000);
  expect(heard).toEqual(["four", "client 1000", "server 1009"]);
});

test("an answer that is not taken opens nothing", async () => {
  const world = new SimulatedWorld({ seed: 1 });
  const server = world.addHost({ name: "a" }).boot();
  const client = world.addHost({ name: "b" }).boot();
  let opened = 0;
  server.listen(80, async ({ headers }) => {
    server.grant(headers[UPGRADE_HEADER] ?? "", {
      listener: { onMessage: () => {}, onClose: () => {} },
      open: () => void opened++,
    });
    return { status: SWITCHING_PROTOCOLS, headers: { "x-who": "a" }, body: "" };
  });
  const connect = (who: string) =>
    client.sockets.connect(
      {
        origin: `http://${server.host.addresses[0]}`,
        path: "/",
        headers: {},
        timeoutMs: 1_000,
        messageBytesMax: 4,
        isTaken: (headers) => headers["x-who"] === who,
      },
      { onMessage: () => {}, onClose: () => {} },
    );
  const results = Promise.allSettled([connect("b"), connect("a")]);
  await world.run(1_000);
  expect((await results).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  expect(opened).toBe(1);
});
