#!/usr/bin/env bash
# Bun 1.4.5: while a name server is silent, dns.lookup holds up files. Each lookup that waits takes
# one of the threads (two on two processors) that fs.promises works with, so that two lookups make a
# file read of 0 ms wait for ten seconds, until the system gives the names up. Node.js leaves half
# of its threads to files whatever names are looked up. Fails if Bun no longer does it.
# Needs npm, Linux and root (network and mount namespaces); installs into a temporary directory.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
npm install --silent --no-audit --no-fund bun@1.4.5 >/dev/null
echo "nameserver 127.0.0.1" >resolv.conf
echo "hosts: dns" >nsswitch.conf
cat >check.mjs <<'END_JS'
import { lookup } from "node:dns/promises";
import { createSocket } from "node:dgram";
import { readFile } from "node:fs/promises";
const silent = createSocket("udp4");
await new Promise((resolve) => silent.bind(53, "127.0.0.1", resolve));
for (const name of ["a.example", "b.example"]) lookup(name).catch(() => {});
await new Promise((resolve) => setTimeout(resolve, 200));
const startMs = performance.now();
await readFile("check.mjs");
const seconds = Math.round((performance.now() - startMs) / 1000);
console.log(`${process.versions.bun ? "Bun" : "Node.js"}: reading a file took ${seconds} s`);
process.exit(seconds >= 5 ? 0 : 1);
END_JS
run() {
  unshare --mount --net sh -c 'ip link set lo up
    mount --bind resolv.conf /etc/resolv.conf
    mount --bind nsswitch.conf /etc/nsswitch.conf
    exec "$@"' sh taskset -c 0 "$@"
}
run node_modules/.bin/bun check.mjs
# The same by Node.js, where there is one: it does not wait.
if command -v node >/dev/null; then ! run node check.mjs; fi
