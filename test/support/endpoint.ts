/**
 * Stands at port 8000 in the place of a hub, in a bad mood:
 *
 *     bun test/support/endpoint.ts slow HOST:PORT   passes everything on, each piece 2 s late
 *     bun test/support/endpoint.ts lying            claims to be a hub, and proves nothing
 */
const [mood, target] = process.argv.slice(2);
const PORT = 8000;
const LATE_MS = 2_000;

if (mood === "slow") {
  const [hostname = "", port = ""] = (target ?? "").split(":");
  const late = (to: { write(data: Uint8Array): unknown }, data: Uint8Array) => {
    const copy = Uint8Array.from(data);
    setTimeout(() => to.write(copy), LATE_MS);
  };
  Bun.listen<{ early: Uint8Array[]; far?: { write(data: Uint8Array): unknown; end(): unknown } }>({
    hostname: "::",
    port: PORT,
    socket: {
      open(near) {
        near.data = { early: [] };
        void Bun.connect({
          hostname,
          port: Number(port),
          socket: {
            open(far) {
              near.data.far = far;
              for (const data of near.data.early) late(far, data);
            },
            data: (_, data) => late(near, data),
            close: () => void near.end(),
          },
        });
      },
      data(near, data) {
        if (near.data.far) late(near.data.far, data);
        else near.data.early.push(Uint8Array.from(data));
      },
      close: (near) => void near.data.far?.end(),
    },
  });
} else {
  const key = Buffer.alloc(32, 7).toString("base64url");
  Bun.serve({
    hostname: "::",
    port: PORT,
    fetch: ({ url }) =>
      url.includes("/.well-known/tankd")
        ? Response.json({
            protocol: 2,
            node_id: "aaaaaaaaaaaaaaaaaaaa",
            public_key: key,
            server_id: "liar",
            cluster: "tankd",
            version: "0.1.0",
            boot_id: "0",
            role: "hub",
            time_ms: 0,
            signature: "A".repeat(86),
          })
        : new Response("<html>Welcome</html>", { headers: { "content-type": "text/html" } }),
  });
}

export {};
