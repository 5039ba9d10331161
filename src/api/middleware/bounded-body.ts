import { Problem } from "../../platform/errors.ts";
import type { ApiContextOf } from "../env.ts";
import { readAtMost } from "../read-at-most.ts";

/** Reads the body of a request with a limit; a longer one is a 413. */
export async function readBounded(c: ApiContextOf, bytesMax: number): Promise<Uint8Array> {
  if (Number(c.req.header("content-length") ?? 0) > bytesMax) throw tooLarge(bytesMax);
  const bytes = await readAtMost(c.req.raw.body, bytesMax);
  if (bytes === undefined) throw tooLarge(bytesMax);
  return bytes;
}

/** The type of a Content-Type header without its parameters. */
export function mediaType(header: string): string | undefined {
  return header.split(";")[0]?.trim().toLowerCase();
}

function tooLarge(bytesMax: number): Problem {
  return new Problem("body_too_large", `The body is longer than ${bytesMax} bytes`);
}
