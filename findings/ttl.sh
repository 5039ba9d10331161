#!/usr/bin/env bash
# Bun 1.4.5 and Node.js 20: of a name with more than 256 addresses `resolve4(name, { ttl: true })`
# gives all addresses, and from the 257th on `ttl` is undefined, though the record has one and the
# types say number. The least of them is then NaN, and a timer that waits for it fires at once.
# Fails if that is gone. Needs npm; asks a name server of its own on loopback; installs into a
# temporary directory.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
npm install --silent --no-audit --no-fund bun@1.4.5 dns-packet@5.6.1 >/dev/null
cat >check.mjs <<'END_JS'
import assert from "node:assert";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { createServer } from "node:net";
import packet from "dns-packet";

const COUNT = 300;
const answers = ({ name }) =>
  Array.from({ length: COUNT }, (_, n) => ({
    name,
    type: "A",
    ttl: 77,
    data: `10.0.${n >> 8}.${n & 255}`,
  }));
const reply = ({ id, questions }, fields) => ({ id, type: "response", questions, ...fields });
const tcp = createServer((socket) =>
  socket.on("data", (bytes) => {
    const asked = packet.streamDecode(bytes);
    if (!asked) return;
    const all = answers(asked.questions[0]);
    socket.write(packet.streamEncode(reply(asked, { answers: all })));
  }),
);
await new Promise((resolve) => tcp.listen(0, "127.0.0.1", resolve));
const { port } = tcp.address();
const udp = createSocket("udp4");
udp.on("message", (bytes, from) => {
  // Too long for a datagram: the question comes again by TCP.
  const short = reply(packet.decode(bytes), { flags: packet.TRUNCATED_RESPONSE });
  udp.send(packet.encode(short), from.port, from.address);
});
await new Promise((resolve) => udp.bind(port, "127.0.0.1", resolve));
const resolver = new Resolver();
resolver.setServers([`127.0.0.1:${port}`]);
const records = await resolver.resolve4("crowd.test", { ttl: true });
const without = records.filter(({ ttl }) => ttl === undefined).length;
const runtime = process.versions.bun ? "Bun" : "Node.js";
console.log(`${runtime}: ${records.length} addresses, ${without} without a ttl`);
assert.deepStrictEqual([records.length, without], [COUNT, COUNT - 256]);
process.exit(0);
END_JS
node_modules/.bin/bun check.mjs
if command -v node >/dev/null; then node check.mjs; fi
