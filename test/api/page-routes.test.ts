import { describe, expect, test } from "bun:test";
import { clientOf } from "./client.ts";

describe("the page", () => {
  test("revalidates itself and keeps its hashed files for ever", async () => {
    const { ask } = clientOf();
    const page = await ask("/");
    expect(page.headers.get("content-type")).toBe("text/html;charset=utf-8");
    expect(page.headers.get("cache-control")).toBe("no-cache");
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
    const etag = page.headers.get("etag") ?? "";
    const again = await ask("/", { headers: { "if-none-match": `W/${etag}` } });
    expect([again.status, again.text]).toEqual([304, ""]);
    const script = await ask("/chunk-abc.js");
    expect(script.headers.get("cache-control")).toContain("immutable");
    expect((await ask("/chunk-other.js")).status).toBe(404);
  });
});
