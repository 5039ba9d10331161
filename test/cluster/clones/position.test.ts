import { describe, expect, test } from "bun:test";
import {
  isStatedBy,
  readPosition,
  STATEMENT_CHARACTERS_MAX,
  statedBy,
} from "../../../src/cluster/clones/position.ts";
import { ada, bob, said } from "./support-statements.ts";

describe("a position statement", () => {
  test("is its node's own word, and nobody else's", () => {
    const statement = said(512, "9f86d081884c7d65");
    expect(statement).toMatchObject({ position: 512, bootId: "9f86d081884c7d65" });
    expect(isStatedBy(ada.nodeId, statement)).toBe(true);
    expect(isStatedBy(ada.nodeId, statement, bob.publicKey)).toBe(false);
    expect(isStatedBy(bob.nodeId, statement)).toBe(false);
    const more = readPosition(statement.text.replace("512", "513"));
    expect(more && isStatedBy(ada.nodeId, more)).toBe(false);
  });

  test("verifies by the key that it carries, and by no other", () => {
    const statement = said(512, "one");
    expect(statedBy(statement)).toBe(ada.nodeId);
    expect(statement.text.length).toBeLessThanOrEqual(STATEMENT_CHARACTERS_MAX);
    const foreign = readPosition(statement.text.replace(ada.publicKey, bob.publicKey));
    expect(foreign && statedBy(foreign)).toBeUndefined();
  });

  test("of an earlier build carries no key, and verifies by the one that is given", () => {
    const earlier = readPosition(said(512, "one").text.replace(`.${ada.publicKey}`, ""));
    expect(earlier).toMatchObject({ position: 512, bootId: "one", publicKey: undefined });
    expect(earlier && isStatedBy(ada.nodeId, earlier, ada.publicKey)).toBe(true);
    expect(earlier && isStatedBy(ada.nodeId, earlier)).toBe(false);
    expect(earlier && statedBy(earlier)).toBeUndefined();
  });

  test.each(["", "512", "512.b", "-1.b.c", "512.b.ä", "1e9.b.c", "5.b.c.d", null, undefined])(
    "is not read where there is none: %p",
    (text) => {
      expect(readPosition(text)).toBeUndefined();
    },
  );
});
