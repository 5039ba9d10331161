import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { RequestParts } from "../../../src/cluster/identity/http-signature.ts";
import {
  identityFromSeed,
  nodeIdOf,
  verifySignature,
} from "../../../src/cluster/identity/identity.ts";
import { NonceMemory } from "../../../src/cluster/identity/nonce-memory.ts";
import {
  isProven,
  prove,
  signChallenge,
  verifyChallenge,
} from "../../../src/cluster/identity/proof.ts";
import {
  createVerifier,
  SIGNATURE_WINDOW_SECONDS,
  signRequest,
  verifyRequest,
} from "../../../src/cluster/identity/signature.ts";
import type { Random } from "../../../src/platform/random.ts";

const alice = identityFromSeed(new Uint8Array(32).fill(1));
const bob = identityFromSeed(new Uint8Array(32).fill(2));
const NOW_MS = Date.UTC(2026, 5, 1);

function clockAt(wallMs: number) {
  return { wallMs: () => wallMs, monotonicMs: () => 0 };
}

function countingRandom(): Random {
  let count = 0;
  return {
    bytes: (length) => {
      const bytes = new Uint8Array(length);
      new DataView(bytes.buffer).setUint32(0, ++count);
      return bytes;
    },
    unit: () => 0.5,
  };
}

const random = countingRandom();
const parts: RequestParts = {
  method: "POST",
  authority: "10.0.0.2:8000",
  path: "/api/cluster/ping?x=1",
  body: '{"a":1}',
};

function signed(request = parts, options = {}, atMs = NOW_MS) {
  return signRequest(alice, request, clockAt(atMs), random, options);
}

function verdict(
  request: RequestParts,
  headers: Record<string, string | undefined>,
  nowMs = NOW_MS,
) {
  // One that has run for ever.
  const verifier = { nodeId: bob.nodeId, clock: clockAt(nowMs), nonces: new NonceMemory() };
  return verifyRequest(request, headers, verifier);
}

describe("identity", () => {
  test("follows from the seed: RFC 8032, section 7.1, test 1", () => {
    const seed = Uint8Array.fromHex(
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    );
    const identity = identityFromSeed(seed);
    expect(Uint8Array.fromBase64(identity.publicKey, { alphabet: "base64url" }).toHex()).toBe(
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    );
    expect(identity.sign(new Uint8Array()).toHex()).toStartWith("e5564300c360ac729086e2cc806e828a");
    expect(identity.nodeId).toMatch(/^[a-z2-7]{20}$/);
    expect(nodeIdOf(identity.publicKey)).toBe(identity.nodeId);
  });

  test("no other key has it, and nonsense has none", () => {
    expect(alice.nodeId).not.toBe(bob.nodeId);
    for (const text of ["", "abc", "!", "a".repeat(44)]) expect(nodeIdOf(text)).toBeUndefined();
    expect(verifySignature("abc", new Uint8Array(), new Uint8Array(64))).toBe(false);
  });
});

describe("a signed request", () => {
  test("proves who sent it", () => {
    expect(verdict(parts, signed())).toEqual({
      kind: "signed",
      nodeId: alice.nodeId,
      publicKey: alice.publicKey,
    });
    const addressed = signed(parts, { audience: bob.nodeId });
    expect(verdict(parts, addressed)).toEqual({
      kind: "signed",
      nodeId: alice.nodeId,
      publicKey: alice.publicKey,
    });
  });

  test("without signature headers is unsigned, which is no fault", () => {
    expect(verdict(parts, {})).toEqual({ kind: "unsigned" });
  });

  test("has the form of RFC 9421 and RFC 9530", () => {
    const headers = signed(parts, { audience: bob.nodeId });
    expect(headers["content-digest"]).toBe(
      "sha-256=:AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI=:",
    );
    expect(headers["signature-input"]).toStartWith(
      'tankd=("@method" "@authority" "@path" "@query" "content-digest" "tankd-audience");created=',
    );
    expect(headers["signature"]).toMatch(/^tankd=:[A-Za-z0-9+/]{86}==:$/);
  });

  const changes: readonly [string, Partial<RequestParts>][] = [
    ["method", { method: "DELETE" }],
    ["authority", { authority: "10.0.0.3:8000" }],
    ["path", { path: "/api/cluster/hello?x=1" }],
    ["query", { path: "/api/cluster/ping?x=2" }],
    ["body", { body: '{"a":2}' }],
  ];
  for (const [what, change] of changes) {
    test(`with another ${what} is bad`, () => {
      expect(verdict({ ...parts, ...change }, signed()).kind).toBe("bad");
    });
  }

  test("for somebody else is bad, also when the header is taken away or changed", () => {
    const headers = signed(parts, { audience: alice.nodeId });
    const { nodeId } = alice;
    expect(verdict(parts, headers)).toEqual({ kind: "misdirected", audience: nodeId, nodeId });
    expect(verdict(parts, { ...headers, "tankd-audience": bob.nodeId }).kind).toBe("bad");
    expect(verdict(parts, { ...headers, "tankd-audience": undefined }).kind).toBe("bad");
  });

  test("for another node has to verify here, too, and its time is for that one to judge", () => {
    const { nodeId: audience } = identityFromSeed(new Uint8Array(32).fill(3));
    const good = signed(parts, { audience });
    const { nodeId } = alice;
    expect(verdict(parts, good)).toEqual({ kind: "misdirected", audience, nodeId });
    const signature = `tankd=:${"A".repeat(86)}==:`;
    for (const forged of [{ signature }, { "content-digest": "sha-256=:x:" }]) {
      expect(verdict(parts, { ...good, ...forged }).kind).toBe("bad");
    }
    for (const [, change] of changes) {
      expect(verdict({ ...parts, ...change }, good).kind).toBe("bad");
    }
    // Its clock may be any, and has started anew since it was asked for last.
    const dated = signed(parts, { audience, clockOffsetMs: -NOW_MS });
    expect(verdict(parts, dated).kind).toBe("misdirected");
  });

  test("without the authority is good under any name, for its audience alone", () => {
    const options = { audience: bob.nodeId, isUnbound: true };
    const elsewhere = { ...parts, authority: "balancer.example.org" };
    expect(verdict(elsewhere, signed(parts, options)).kind).toBe("signed");
    expect(verdict({ ...elsewhere, body: "{}" }, signed(parts, options)).kind).toBe("bad");
    const bound = signed(parts, { audience: bob.nodeId });
    expect(verdict(elsewhere, bound).kind).toBe("bad");
    // Nothing would bind it to anybody.
    const loose = signed(parts, { isUnbound: true });
    expect(verdict(elsewhere, loose).kind).toBe("bad");
    const stripped = { ...signed(parts, options), "tankd-audience": undefined };
    expect(verdict(parts, stripped).kind).toBe("bad");
  });

  test("is good once", () => {
    const verifier = createVerifier(bob.nodeId, clockAt(NOW_MS));
    const headers = signed();
    expect(verifyRequest(parts, headers, verifier).kind).toBe("signed");
    expect(verifyRequest(parts, headers, verifier)).toMatchObject({ kind: "bad" });
  });

  test("is not good again after a restart, whatever has become of the clock since", () => {
    const clock = { nowMs: NOW_MS, upMs: 0 };
    const ofBob = { wallMs: () => clock.nowMs, monotonicMs: () => clock.upMs };
    const before = signed(parts, {}, NOW_MS - 1_000);
    const verifier = createVerifier(bob.nodeId, ofBob);
    const judge = (headers: Record<string, string>) => verifyRequest(parts, headers, verifier);
    expect(judge(before)).toEqual({ kind: "bad", reason: "it was signed before this start" });
    expect(judge(signed()).kind).toBe("signed");
    // The clock is set by years, back and forth.
    for (const nowMs of [1e12, NOW_MS + 1e12]) {
      clock.nowMs = nowMs;
      clock.upMs += 5_000;
      expect(judge(signed(parts, {}, nowMs)).kind).toBe("signed");
      expect(judge(signed(parts, {}, nowMs - clock.upMs - 1_000)).kind).toBe("bad");
    }
  });

  test("counts in the clock of the one that is addressed", () => {
    const edge = SIGNATURE_WINDOW_SECONDS * 1000;
    expect(verdict(parts, signed(), NOW_MS + edge).kind).toBe("signed");
    expect(verdict(parts, signed(), NOW_MS + edge + 1000).kind).toBe("bad");
    expect(verdict(parts, signed(), NOW_MS - edge - 1000).kind).toBe("bad");
    const yearsApart = signed(parts, { clockOffsetMs: NOW_MS }, 0);
    expect(verdict(parts, yearsApart).kind).toBe("signed");
  });

  test("ignores case and default port of the authority, which the Host header may change", () => {
    const headers = signed({ ...parts, authority: "Example.org:80" });
    expect(verdict({ ...parts, authority: "example.org" }, headers).kind).toBe("signed");
    const six = signed({ ...parts, authority: "[2001:DB8:0::1]:80" });
    expect(verdict({ ...parts, authority: "[2001:db8::1]" }, six).kind).toBe("signed");
    expect(verdict({ ...parts, authority: "[2001:db8::1]:8000" }, six).kind).toBe("bad");
  });

  test("with any other headers never throws and never passes", () => {
    const headers = signed();
    fc.assert(
      fc.property(fc.string(), fc.string(), (input, signature) => {
        const result = verdict(parts, { ...headers, "signature-input": input, signature });
        expect(result.kind).toBe("bad");
      }),
    );
  });

  test("has one spelling: bits that base64 leaves unused must be zero", () => {
    const headers = signed(parts, { audience: bob.nodeId });
    const signature = headers["signature"] ?? "";
    const last = signature.at(-4) ?? "";
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const other = alphabet[alphabet.indexOf(last) + 1] ?? "";
    const respelt = `${signature.slice(0, -4)}${other}${signature.slice(-3)}`;
    expect(verdict(parts, headers).kind).toBe("signed");
    expect(verdict(parts, { ...headers, signature: respelt }).kind).toBe("bad");
  });

  test("with one character changed never passes", () => {
    const headers = signed(parts, { audience: bob.nodeId });
    const names = Object.keys(headers);
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1 }),
        (name, at, char) => {
          const value = headers[name] ?? "";
          const index = at % value.length;
          fc.pre(value[index] !== char);
          const changed = value.slice(0, index) + char + value.slice(index + 1);
          expect(verdict(parts, { ...headers, [name]: changed }).kind).not.toBe("signed");
        },
      ),
    );
  });
});

describe("proofs", () => {
  test("a challenge is answered by the key's owner alone", () => {
    const signature = signChallenge(alice, "c".repeat(32));
    const check = (key: string, id: string, challenge: string) =>
      verifyChallenge(key, id, challenge, signature);
    expect(check(alice.publicKey, alice.nodeId, "c".repeat(32))).toBe(true);
    expect(check(alice.publicKey, alice.nodeId, "d".repeat(32))).toBe(false);
    expect(check(bob.publicKey, alice.nodeId, "c".repeat(32))).toBe(false);
    expect(check(alice.publicKey, bob.nodeId, "c".repeat(32))).toBe(false);
    expect(verifyChallenge(alice.publicKey, alice.nodeId, "c", "!")).toBe(false);
  });

  test("an answer is proven as it went over the wire, and no other", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, challenge) => {
        const wire = JSON.stringify(prove(alice, challenge, { value }));
        const proven = (answer: unknown) =>
          isProven(alice.publicKey, alice.nodeId, challenge, answer);
        const answer: Record<string, unknown> = JSON.parse(wire);
        expect(proven(answer)).toBe(true);
        expect(proven({ ...answer, more: 1 })).toBe(false);
        expect(proven({ proof: answer["proof"] })).toBe(false);
        expect(isProven(alice.publicKey, alice.nodeId, `${challenge}x`, answer)).toBe(false);
        expect(isProven(bob.publicKey, bob.nodeId, challenge, answer)).toBe(false);
      }),
    );
    expect(isProven(alice.publicKey, alice.nodeId, "", null)).toBe(false);
  });
});
