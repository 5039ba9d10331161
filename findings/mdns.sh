#!/usr/bin/env bash
# dns-packet 5.6.1, two surprises on valid input; fails if one of them is gone.
# 1. Encoding a TXT record replaces the strings in the caller's array by buffers.
# 2. A question with the unicast-response bit (RFC 6762 section 5.4) loses its class: class IN with
#    the bit set is decoded as "UNKNOWN_32769", because the bit is looked for in the name of the
#    class.
# Needs npm and Node.js; installs into a temporary directory.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
npm install --silent --no-audit --no-fund dns-packet@5.6.1 >/dev/null
cat >check.js <<'END'
const assert = require("node:assert");
const { decode, encode } = require("dns-packet");
const text = ["a=1"];
encode({ type: "response", answers: [{ name: "x.local", type: "TXT", data: text }] });
assert(Buffer.isBuffer(text[0]), "the caller's TXT strings are left alone");
const bytes = encode({ type: "query", questions: [{ name: "x.local", type: "A" }] });
bytes[bytes.length - 2] |= 0x80;
assert.strictEqual(decode(bytes).questions[0].class, "UNKNOWN_32769");
console.log("dns-packet 5.6.1: TXT data is changed in place; QU questions have no class");
END
node check.js
