import { storageReason } from "../platform/real/storage-failures.ts";
import { CommandFailure } from "./failure.ts";

const FAILED = 1;

/** What the system refused, in a sentence; undefined for any other error, which is a bug. */
export function systemRefusal(error: unknown): string | undefined {
  const reason = storageReason(error);
  if (reason === undefined) return undefined;
  const path = error instanceof Error && "path" in error ? String(error.path) : "a file or pipe";
  return `${path} cannot be used: ${reason}`;
}

/** A failure with the reason why `what` could not be written; other errors unchanged. */
export function writeFailure(what: string, error: unknown): unknown {
  const reason = storageReason(error);
  if (reason === undefined) return error;
  return new CommandFailure(`${what} cannot be written: ${reason}`, FAILED);
}
