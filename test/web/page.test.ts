import { expect, test } from "bun:test";
import { loadPage } from "../../src/web/page.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("the page refers only to its own hashed files, and has nothing inline", async () => {
  const files = await loadPage();
  const page = files.find(({ path }) => path === "/");
  const html = text(page?.bytes ?? new Uint8Array());
  expect(page).toMatchObject({ hashed: false, contentType: "text/html;charset=utf-8" });
  const references = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? "");
  const own = references.map((reference) => new URL(reference, "http://node/").pathname);
  const routes = new Set(["/docs", "/metrics"]);
  for (const path of own.filter((one) => !routes.has(one))) {
    expect(files.find((file) => file.path === path)).toMatchObject({ hashed: true });
  }
  expect(own.length).toBeGreaterThan(4);
  expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
  expect(references.filter((reference) => /^(https?:)?\/\//.test(reference))).toEqual([]);
});

test("etags tell one content from another", async () => {
  const files = await loadPage();
  expect(new Set(files.map(({ etag }) => etag)).size).toBe(files.length);
  for (const { etag } of files) expect(etag).toMatch(/^"[\w-]{22}"$/);
});

test("what stands apart from the servers has a headline of its own", async () => {
  const files = await loadPage();
  const html = text(files.find(({ path }) => path === "/")?.bytes ?? new Uint8Array());
  expect(html).toMatch(/id="alone"[^>]*hidden>\s*<h3>No other node is here<\/h3>/);
  expect(html).toMatch(/id="outside"[^>]*hidden>\s*<h3>Without rights<\/h3>/);
});
