import { Problem } from "../../platform/errors.ts";
import type { ApiContextOf } from "../env.ts";

/** The body of a request, counted while it is read: a longer one is a 413. */
export async function readBounded(c: ApiContextOf, bytesMax: number): Promise<Uint8Array> {
  if (Number(c.req.header("content-length") ?? 0) > bytesMax) throw tooLarge(bytesMax);
  const stream = c.req.raw.body;
  if (stream === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > bytesMax) {
      void reader.cancel().catch(() => {});
      throw tooLarge(bytesMax);
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The type of a Content-Type header without its parameters. */
export function mediaType(header: string): string | undefined {
  return header.split(";")[0]?.trim().toLowerCase();
}

function tooLarge(bytesMax: number): Problem {
  return new Problem("body_too_large", `The body is longer than ${bytesMax} bytes`);
}
