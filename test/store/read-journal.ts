import { join } from "node:path";
import { messageOf } from "../../src/platform/errors.ts";
import { openSqliteReader } from "../../src/store/sqlite/reader.ts";

/** Prints what a reader finds of the tank `a`, or why it finds nothing. */
try {
  const reader = openSqliteReader(join(process.argv[2] ?? "", "tankd.db"));
  const log = await reader.log("a", 0);
  const mark = await reader.watermark("a");
  process.stdout.write(`${log.length} entries, watermark ${mark?.seq}\n`);
  reader.close();
} catch (error) {
  process.stdout.write(`${messageOf(error)}\n`);
}
