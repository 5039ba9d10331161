import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import {
  stateUndialable,
  type WitnessStatement,
  witnessIn,
  witnessStatementSchema,
} from "../../../src/cluster/membership/witness.ts";

const witness = identityFromSeed(new Uint8Array(32).fill(1));
const mallory = identityFromSeed(new Uint8Array(32).fill(66));
const SUBJECT = "subject-id";
const BOOT = "boot-1";

const statement = stateUndialable(witness, {
  subject: SUBJECT,
  boot_id: BOOT,
  from: { host: "10.0.0.2", port: 8000 },
});

describe("the word of one who could not dial a node", () => {
  test("names the witness, also after the way over the wire", () => {
    expect(witnessIn(statement, SUBJECT, BOOT)).toBe(witness.nodeId);
    const read = witnessStatementSchema.parse(JSON.parse(JSON.stringify(statement)));
    expect(witnessIn(read, SUBJECT, BOOT)).toBe(witness.nodeId);
  });

  test("says nothing of another node, or of another start of this one", () => {
    expect(witnessIn(statement, "other", BOOT)).toBeUndefined();
    expect(witnessIn(statement, SUBJECT, "boot-2")).toBeUndefined();
    expect(witnessIn({ ...statement, subject: "other" }, "other", BOOT)).toBeUndefined();
    expect(witnessIn({ ...statement, boot_id: "boot-2" }, SUBJECT, "boot-2")).toBeUndefined();
  });

  const changes: readonly [string, Partial<WitnessStatement>][] = [
    ["another source", { from: { host: "10.0.0.9", port: 8000 } }],
    ["another port", { from: { host: "10.0.0.2", port: 8001 } }],
    ["another key", { by: mallory.publicKey }],
    ["no signature", { signature: "" }],
  ];
  test.each(changes)("proves nothing with %s", (_, change) => {
    expect(witnessIn({ ...statement, ...change }, SUBJECT, BOOT)).toBeUndefined();
  });
});
