#!/usr/bin/env bash
# Bun 1.4.5: node:http, node:net and Bun.connect report ECONNREFUSED for every connection that does
# not come about: also where no way leads to the address (the kernel says ENETUNREACH). fetch of the
# same program reports the kernel's error. A failure detector that takes a refusal for "the process
# is gone, its machine is there" is misled by it. Node.js reports ENETUNREACH everywhere.
# Needs npm, Linux and root (an empty network namespace); installs into a temporary directory.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
npm install --silent --no-audit --no-fund bun@1.4.5 >/dev/null
cat >check.mjs <<'END'
import { request } from "node:http";
import { connect } from "node:net";
const [host, port] = ["203.0.113.1", 80];
const failure = (emitter) =>
  new Promise((resolve) => emitter.on("error", ({ code }) => resolve(code)));
const http = request({ host, port });
http.end();
console.log("node:http", await failure(http));
console.log("node:net", await failure(connect({ host, port })));
if (globalThis.Bun) {
  const handlers = { data() {}, open() {}, connectError() {} };
  const bun = Bun.connect({ hostname: host, port, socket: handlers });
  console.log("Bun.connect", await bun.then(() => "open", ({ code }) => code));
  console.log("fetch", await fetch(`http://${host}:${port}`).then(() => "open", (e) => e.code));
}
END
said=$(unshare --net ./node_modules/.bin/bun check.mjs)
echo "$said"
test "$said" = "node:http ECONNREFUSED
node:net ECONNREFUSED
Bun.connect ECONNREFUSED
fetch ENETUNREACH"
