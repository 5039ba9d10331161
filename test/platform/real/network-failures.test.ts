import { afterEach, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { NetworkError } from "../../../src/platform/network.ts";
import { closeAll, failureOf, httpServer, network, rawServer, request } from "./network-support.ts";

afterEach(closeAll);

describe("what is not believed", () => {
  test("a redirect, which is not followed", async () => {
    let followed = false;
    const elsewhere = httpServer(() => {
      followed = true;
      return new Response("");
    });
    const origin = httpServer(() => Response.redirect(elsewhere, 302));
    expect(await failureOf(request(origin))).toBe("redirected");
    expect(followed).toBe(false);
  });

  test("a compressed body", async () => {
    const origin = httpServer(
      () => new Response(gzipSync("x"), { headers: { "content-encoding": "gzip" } }),
    );
    expect(await failureOf(request(origin))).toBe("unreachable");
  });

  test("an endless body is cut off at the bound", async () => {
    const origin = await rawServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const pour = () => {
        while (!socket.destroyed && socket.write(`10\r\n${"x".repeat(16)}\r\n`));
      };
      socket.on("drain", pour);
      pour();
    });
    expect(await failureOf(request(origin))).toBe("too_large");
  });

  test.each([
    ["a body shorter than announced", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"],
    [
      "chunks without an end",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
    ["half a header", "HTTP/1.1 200 OK\r\nContent-Le"],
    ["no HTTP at all", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["a status that no answer has", "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n"],
    ["a change of the protocol", "HTTP/1.1 101 Odd\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"],
    ["nothing", ""],
  ])("%s", async (_, bytes) => {
    const origin = await rawServer((socket) => socket.end(bytes));
    expect(await failureOf(request(origin))).toBe("unreachable");
  });

  test.each(["a\r\nhost: b", "\u0000", "€"])("a header that none can have: %p", async (value) => {
    const origin = httpServer(() => new Response("here"));
    expect(await failureOf(request(origin, { headers: { "x-one": value } }))).toBe("unreachable");
  });

  test.each([
    "ftp://127.0.0.1:1",
    "nonsense",
    "http://127.0.0.1:1/path",
    "http://user@127.0.0.1:1",
    "http://127.0.0.1:1?a",
  ])("an origin that is none: %s", async (origin) => {
    expect(await failureOf(request(origin))).toBe("unreachable");
  });

  test.each(["//127.0.0.1:1/x", "\\\\127.0.0.1:1/x", "http://127.0.0.1:1/x"])(
    "a path that names another host: %s",
    async (path) => {
      const origin = httpServer(() => new Response("here"));
      expect(await failureOf(request(origin, { path }))).toBe("unreachable");
    },
  );
});

describe("how an origin may be spelt", () => {
  // Whatever is there, it was asked; before, such an origin was "not an address".
  test.each(["http://127.0.0.1:80", "http://LOCALHOST:80", "http://[0:0::1]:80"])(
    "%s",
    async (origin) => {
      const error = await network.send(request(origin)).catch((caught: unknown) => caught);
      expect(error instanceof NetworkError ? error.message : "").not.toContain("not an address");
    },
  );

  test("a name in capitals", async () => {
    const { port } = new URL(httpServer(() => new Response("here"), "localhost"));
    expect((await network.send(request(`http://LocalHost:${port}`))).body).toBe("here");
  });
});

describe("what does not arrive", () => {
  test("is said in a few words, without the question", async () => {
    const reasonOf = async (origin: string) => {
      const error = await network.send(request(origin)).catch((caught: unknown) => caught);
      return error instanceof NetworkError ? [error.reason, error.message.includes("a=b")] : error;
    };
    const gone = httpServer(() => new Response(""));
    closeAll();
    expect(await reasonOf(gone)).toEqual(["connection refused", false]);
    const ssh = await rawServer((socket) => socket.end("SSH-2.0-OpenSSH\r\n"));
    expect(await reasonOf(ssh)).toEqual(["what answers there does not speak HTTP", false]);
    // Which of the two depends on whether this machine has a name server.
    expect(await reasonOf("http://no-such-host.invalid:1")).toEqual([
      expect.stringMatching(/^(unknown name|no name server answers)$/),
      false,
    ]);
  });

  test("does not count as connected where nobody listens", async () => {
    const origin = httpServer(() => new Response("ok"));
    closeAll();
    let isConnected = false;
    const asked = network.send(request(origin, { onConnected: () => (isConnected = true) }));
    await expect(asked).rejects.toBeInstanceOf(NetworkError);
    expect(isConnected).toBe(false);
  });

  test("nobody listening is refused", async () => {
    const origin = httpServer(() => new Response(""));
    closeAll();
    expect(await failureOf(request(origin))).toBe("refused");
  });

  test("an unknown name is unreachable", async () => {
    expect(await failureOf(request("http://no-such-host.invalid:1"))).toBe("unreachable");
  });

  test.each([
    ["silence", ""],
    ["an answer that stops", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"],
  ])("%s is a timeout, and the connection is closed", async (_, bytes) => {
    const closed = Promise.withResolvers<void>();
    const origin = await rawServer((socket) => {
      socket.write(bytes);
      socket.on("close", () => closed.resolve());
    });
    expect(await failureOf(request(origin, { timeoutMs: 50 }))).toBe("timeout");
    await closed.promise;
  });
});
