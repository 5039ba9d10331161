import { storageReason } from "../platform/real/storage-failures.ts";
import { CommandFailure } from "./failure.ts";

const FAILED = 1;

/** A failure that says why the system did not write `what`; any other error as it is. */
export function writeFailure(what: string, error: unknown): unknown {
  const reason = storageReason(error);
  if (reason === undefined) return error;
  return new CommandFailure(`${what} cannot be written: ${reason}`, FAILED);
}
