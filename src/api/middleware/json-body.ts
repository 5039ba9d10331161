import { Problem } from "../../platform/errors.ts";
import { type ApiContextOf, type ApiMiddleware, isSafe, pathAndQuery } from "../env.ts";
import { mediaType, readBounded } from "./bounded-body.ts";

export interface JsonBodyOptions {
  readonly bytesMax: number;
  /**
   * Whether the content type of forms is accepted, which `curl -d` sends by default. Never for
   * requests that a browser can send for a foreign page.
   */
  readonly mayBeForm?: (c: ApiContextOf) => boolean;
}

/**
 * Reads the body with a limit and parses it. Sets `bodyText` and `body`, and a request that later
 * validators can read again.
 * A content type other than JSON is a 415, malformed JSON a 400, a longer body a 413.
 * The content type of a safe request without a body does not matter.
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
