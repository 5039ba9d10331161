import { expect, test } from "bun:test";
import { filterOf } from "../../../src/node/settings/values.ts";

test("conditions become a filter of servers that meet all of them", () => {
  expect(filterOf([])).toEqual({ tags: [], capabilities: [] });
  const conditions = ["tag=lab", "tag=a=b", "capability=poker-games", "region=north", "zone=1"];
  expect(filterOf(conditions)).toEqual({
    tags: ["lab", "a=b"],
    capabilities: ["poker-games"],
    region: "north",
    zone: "1",
  });
});
