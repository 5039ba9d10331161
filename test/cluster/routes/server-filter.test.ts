import { describe, expect, test } from "bun:test";
import { FILTERS, filterOf } from "../../../src/cluster/routes/server-filter.ts";
import { Problem } from "../../../src/platform/errors.ts";

function refusal(path: string): string {
  try {
    filterOf(path);
  } catch (error) {
    if (error instanceof Problem && error.code === "bad_request") return error.message;
    throw error;
  }
  return "";
}

describe("the filter of a list", () => {
  test("takes single values, and several of what a server has several of", () => {
    const query = "status=online&role=worker&region=eu&zone=a&tag=x,y&tag=z&capability=gpu";
    expect(filterOf(`/api/servers?${query}&resource=gpu%3DA%2C100`)).toEqual({
      status: "online",
      role: "worker",
      region: "eu",
      zone: "a",
      tags: ["x", "y", "z"],
      capabilities: ["gpu"],
      resources: ["gpu=A,100"],
    });
    const nothing = { tags: [], capabilities: [], resources: [] };
    for (const path of ["/api/servers", "/api/servers?", ""]) {
      expect(filterOf(path)).toEqual(nothing);
    }
  });

  test("names all that are known when one is not", () => {
    for (const name of ["tags", "toString", "__proto__", "include_local"]) {
      const message = refusal(`/api/servers?status=online&${name}=x`);
      expect(message).toContain(`"${name}"`);
      for (const known of FILTERS) expect(message).toContain(known);
    }
  });

  test.each([
    ["status=asleep", "status"],
    ["role=king", "role"],
    ["tag=", "tag"],
    ["tag=a,,b", "tag"],
    [`tag=${"x".repeat(65)}`, "tag"],
    ["resource=gpu", "resource"],
    ["resource==1", "resource"],
    [`region=${"x".repeat(65)}`, "region"],
  ])("says what is wrong with %s", (query, name) => {
    expect(refusal(`/api/servers?${query}`)).toContain(`filter ${name}`);
  });
});
