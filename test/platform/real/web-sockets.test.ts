import { afterEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { webSockets } from "../../../src/platform/real/web-sockets.ts";

/** What a server hashes with the client's key (RFC 6455 section 1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const servers: (() => void)[] = [];
afterEach(() => {
  for (const close of servers.splice(0)) close();
});

/** A server that takes every WebSocket, and then says and answers nothing at all. */
async function silentServer() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.once("data", (head) => {
      const key = /sec-websocket-key: *(\S+)/i.exec(String(head))?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}${GUID}`).digest("base64");
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n" +
          `sec-websocket-accept: ${accept}\r\n\r\n`,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(() => server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return { origin: `http://127.0.0.1:${port}`, sockets };
}

test("a connection ends, though the other side does not answer that it is closed", async () => {
  const { origin, sockets } = await silentServer();
  const request = { origin, path: "/", headers: {}, timeoutMs: 5_000 };
  const codes: number[] = [];
  const socket = await webSockets.connect(request, {
    onMessage: () => {},
    onClose: (code) => void codes.push(code),
  });
  const [theirs] = sockets;
  if (theirs === undefined) throw new Error("nobody has connected");
  const ended = new Promise((resolve) => theirs.once("close", resolve));
  theirs.resume();
  socket.close(1000, "");
  await ended;
  expect(codes).toHaveLength(1);
}, 30_000);
