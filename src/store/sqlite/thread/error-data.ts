import {
  messageOf,
  Problem,
  type ProblemCode,
  StorageDamaged,
  StorageUnavailable,
} from "../../../platform/errors.ts";
import { JournalConflict } from "../../journal.ts";

/** An error as plain data: the structured clone would lose its class. */
export type ErrorData =
  | { readonly kind: "problem"; readonly code: ProblemCode; readonly message: string }
  | { readonly kind: "conflict" | "damaged" | "unavailable"; readonly message: string }
  /** Any other error: a bug. */
  | { readonly kind: "other"; readonly message: string; readonly stack: string | undefined };

export function errorToData(error: unknown): ErrorData {
  const message = messageOf(error);
  if (error instanceof Problem) return { kind: "problem", code: error.code, message };
  if (error instanceof JournalConflict) return { kind: "conflict", message };
  if (error instanceof StorageDamaged) return { kind: "damaged", message };
  if (error instanceof StorageUnavailable) return { kind: "unavailable", message };
  return { kind: "other", message, stack: error instanceof Error ? error.stack : undefined };
}

/** Restores the error with its class. */
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
