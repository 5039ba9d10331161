import {
  messageOf,
  Problem,
  type ProblemCode,
  StorageDamaged,
  StorageUnavailable,
} from "../../../platform/errors.ts";
import { JournalConflict } from "../../journal.ts";

/**
 * An error as plain data: the structured clone would keep of its class only that it is an error.
 */
export type ErrorData =
  | { readonly kind: "problem"; readonly code: ProblemCode; readonly message: string }
  | { readonly kind: "conflict" | "damaged" | "unavailable"; readonly message: string }
  /** A bug of ours. */
  | { readonly kind: "other"; readonly message: string; readonly stack: string | undefined };

export function errorToData(error: unknown): ErrorData {
  const message = messageOf(error);
  if (error instanceof Problem) return { kind: "problem", code: error.code, message };
  if (error instanceof JournalConflict) return { kind: "conflict", message };
  if (error instanceof StorageDamaged) return { kind: "damaged", message };
  if (error instanceof StorageUnavailable) return { kind: "unavailable", message };
  return { kind: "other", message, stack: error instanceof Error ? error.stack : undefined };
}

/** The same error again, of its own class. */
export function errorFromData(data: ErrorData): Error {
  switch (data.kind) {
    case "problem":
      return new Problem(data.code, data.message);
    case "conflict":
      return new JournalConflict(data.message);
    case "damaged":
      return new StorageDamaged(data.message);
    case "unavailable":
      return new StorageUnavailable(data.message);
    case "other": {
      const error = new Error(data.message);
      if (data.stack !== undefined) error.stack = data.stack;
      return error;
    }
  }
}
