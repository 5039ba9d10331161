import { Problem } from "../../platform/errors.ts";
import { type ApiContextOf, type ApiMiddleware, isSafe, pathAndQuery } from "../env.ts";
import { mediaType, readBounded } from "./bounded-body.ts";

export interface JsonBodyOptions {
  readonly bytesMax: number;
  /**
   * Whether the header may also be the one of forms, which `curl -d` sends by itself. Never for
   * what a browser can send for a foreign page.
   */
  readonly mayBeForm?: (c: ApiContextOf) => boolean;
}

/**
 * Reads the body, counting while it reads, and parses it. Leaves `bodyText` and `body`, and a
 * request that later validators can read again.
 * A body that is no JSON by its header is a 415, by its text a 400, a longer one a 413. What
 * changes nothing has none, whatever its header says.
 * @example app.post("/api/tanks", jsonBody({ bytesMax: 1024 }), handler)
 */
export function jsonBody(options: JsonBodyOptions): ApiMiddleware {
  return async function jsonBody(c, next) {
    const { raw } = c.req;
    if (raw.body === null && isSafe(c.req.method)) {
      c.set("bodyText", "");
      c.set("body", undefined);
      return next();
    }
    const type = c.req.header("content-type");
    const formToo = options.mayBeForm?.(c) ?? false;
    if (type !== undefined && !isJson(type) && !(formToo && isForm(type))) throw notJson(type);
    const bytes = await readBounded(c, options.bytesMax);
    if (bytes.length > 0 && type === undefined) throw notJson("nothing");
    const text = decode(bytes);
    c.set("bodyText", text);
    c.set("body", text === "" ? undefined : parse(text));
    if (raw.body !== null || type !== undefined) {
      // An empty body counts as an empty object, so that optional bodies may be left out.
      const body = text === "" ? "{}" : text;
      const url = `http://localhost${pathAndQuery(raw.url)}`;
      c.req.raw = new Request(url, { method: raw.method, headers: raw.headers, body });
    }
    await next();
  };
}

function isJson(type: string): boolean {
  return mediaType(type) === "application/json";
}

function isForm(type: string): boolean {
  return mediaType(type) === "application/x-www-form-urlencoded";
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Problem("bad_request", "The body is not UTF-8");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("bad_request", "The body is not valid JSON");
  }
}

function notJson(type: string): Problem {
  return new Problem("json_required", `Send Content-Type: application/json; it was ${type}`);
}
