import { expect, test } from "bun:test";
import { withRemedy } from "../../../src/platform/real/storage-failures.ts";

test("a reason that was told with its code comes with what helps before a start", () => {
  expect(withRemedy("the disk is full (SQLITE_FULL)")).toBe(
    "the disk is full (SQLITE_FULL): free space on it, then start again",
  );
  expect(withRemedy("the disk reports an error (SQLITE_IOERR_WRITE)")).toEndWith(
    ": check the disk, then start again",
  );
  expect(withRemedy("the disk is full (ENOSPC)")).toContain("free space");
  for (const other of ["it does not answer (E_NEVER_HEARD)", "no answer", ""]) {
    expect(withRemedy(other)).toBe(other);
  }
});
