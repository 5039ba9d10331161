import { storageReason } from "../platform/real/storage-failures.ts";
import { CommandFailure } from "./failure.ts";

const FAILED = 1;

/** A failure with the reason why `what` could not be written; other errors unchanged. */
export function writeFailure(what: string, error: unknown): unknown {
  const reason = storageReason(error);
  if (reason === undefined) return error;
  return new CommandFailure(`${what} cannot be written: ${reason}`, FAILED);
}
