import { expect, test } from "bun:test";
import { SWITCHING, UPGRADE_HEADER } from "../../../src/platform/simulated/sockets.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import type { MessageSocket } from "../../../src/platform/sockets.ts";

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
    return { status: SWITCHING, headers: {}, body: "" };
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
