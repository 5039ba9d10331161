import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { ARCHIVE_TYPE } from "../../tanks/archive/archive.ts";
import type { ApiMiddleware } from "../env.ts";
import { mediaType, readBounded } from "./bounded-body.ts";

/** Length of the checksum at the end of an archive. */
const SUM_BYTES = 32;

/**
 * Reads the body as an archive, with a limit, and stores it as `archive`; its checksum represents
 * it in `bodyText`. Another type is a 415, a longer body a 413.
 */
export function archiveBody(): ApiMiddleware {
  return async function archiveBody(c, next) {
    const type = c.req.header("content-type") ?? "nothing";
    if (mediaType(type) !== ARCHIVE_TYPE) {
      throw new Problem(
        "archive_type_required",
        `Send Content-Type: ${ARCHIVE_TYPE}; it was ${type}`,
      );
    }
    // An upload over a slow line may take minutes.
    c.env.patient();
    const archive = await readBounded(c, LIMITS.archiveBytesMax);
    c.set("archive", archive);
    c.set("bodyText", archive.subarray(-SUM_BYTES).toHex() + archive.length);
    await next();
  };
}
