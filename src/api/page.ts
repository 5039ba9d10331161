import type { WebFile } from "../web/page.ts";
import type { ApiContextOf, ApiMiddleware } from "./env.ts";
import { newRouter } from "./router.ts";

/** A file with a hash in its name never changes. */
const IMMUTABLE = "public, max-age=31536000, immutable";

/** The web page at `/` and its files; loaded at the first request. */
export function pageRoutes(load: () => Promise<readonly WebFile[]>) {
  const routes = newRouter();
  let files: Promise<ReadonlyMap<string, WebFile>> | undefined;

  const serve: ApiMiddleware = async (c, next) => {
    files ??= load().then((loaded) => new Map(loaded.map((file) => [file.path, file])));
    const file = (await files).get(c.req.path);
    return file === undefined ? next() : answer(c, file);
  };
  routes.get("/", serve);
  routes.get("/:file{[\\w.-]+\\.(?:js|css|svg|png|ico|webmanifest)}", serve);
  return routes;
}

function answer(c: ApiContextOf, file: WebFile): Response {
  const headers = {
    "content-type": file.contentType,
    etag: file.etag,
    "cache-control": file.hashed ? IMMUTABLE : "no-cache",
  };
  if (matches(c.req.header("if-none-match"), file.etag)) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(file.bytes, { headers });
}

/** RFC 9110 §13.1.2, weak comparison. */
function matches(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  const tags = condition.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}
