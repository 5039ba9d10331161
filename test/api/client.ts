import { createApp } from "../../src/api/app.ts";
import type { ApiEnv } from "../../src/api/env.ts";
import type { WebFile } from "../../src/web/page.ts";
import { FakeNode, TOKEN } from "./fakes.ts";

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit;
  /** Sent as JSON with the header that belongs to it. */
  readonly json?: unknown;
  /** Carries the control token. */
  readonly token?: boolean;
  readonly remoteAddress?: string;
  readonly upgrade?: ApiEnv["Bindings"]["upgrade"];
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers whose shape they check.
  readonly body: any;
}

const PAGE: WebFile[] = [
  file("/", "text/html;charset=utf-8", "<!doctype html>", false),
  file("/chunk-abc.js", "text/javascript;charset=utf-8", "1", true),
];

function file(path: string, contentType: string, text: string, hashed: boolean): WebFile {
  return { path, contentType, etag: `"${path}"`, hashed, bytes: new TextEncoder().encode(text) };
}

/** Asks the app of a node without a socket. */
export function clientOf(node = new FakeNode(), onTankRemoved?: (tankId: string) => void) {
  const app = createApp(node.context(), {
    page: async () => PAGE,
    ...(onTankRemoved === undefined ? {} : { onTankRemoved }),
  });
  const ask = async (path: string, asked: Asked = {}): Promise<Answer> => {
    const headers = new Headers({ host: "127.0.0.1:8000", ...asked.headers });
    if (asked.token) headers.set("authorization", `Bearer ${TOKEN}`);
    if (asked.json !== undefined) headers.set("content-type", "application/json");
    const body = asked.json === undefined ? asked.body : JSON.stringify(asked.json);
    const request = new Request(`http://127.0.0.1:8000${path}`, {
      method: asked.method ?? "GET",
      headers,
      ...(body === undefined ? {} : { body }),
    });
    // A string body gets a content type by itself; the test decides about it.
    if (asked.json === undefined && asked.headers?.["content-type"] === undefined) {
      request.headers.delete("content-type");
    }
    const response = await app.fetch(request, {
      remoteAddress: asked.remoteAddress ?? "127.0.0.1",
      patient: () => {},
      upgrade: asked.upgrade ?? (() => false),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    const parsed = isJson && text !== "" ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, text, body: parsed };
  };
  return { app, ask, node };
}
