import { describe, expect, test } from "bun:test";
import { isMember, membershipTag } from "../../../src/cluster/admission/membership-tag.ts";

const secret = new TextEncoder().encode("a secret of the cluster");
const other = new TextEncoder().encode("a secret of the clustes");

describe("membership", () => {
  test("is proven by the tag of one's own id under the cluster's secret", () => {
    expect(isMember(secret, "node", membershipTag(secret, "node"))).toBe(true);
  });

  test("is not by another node's tag, another secret's, a part of it, or none", () => {
    const tag = membershipTag(secret, "node");
    expect(isMember(secret, "other", tag)).toBe(false);
    expect(isMember(other, "node", tag)).toBe(false);
    for (const wrong of [tag.slice(0, -1), `${tag}A`, "", undefined]) {
      expect(isMember(secret, "node", wrong)).toBe(false);
    }
  });

  test("is everybody's where there is no secret", () => {
    expect(isMember(undefined, "node", undefined)).toBe(true);
    expect(isMember(undefined, "node", "nonsense")).toBe(true);
  });

  test("shows nothing of the secret, and fits into a hello", () => {
    const tag = membershipTag(secret, "node");
    expect(tag).toMatch(/^[\w-]{43}$/);
    expect(tag).not.toContain("secret");
  });
});
