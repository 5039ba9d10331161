import { Connection } from "../../src/store/sqlite/connection.ts";
import { migrateFrom } from "../../src/store/sqlite/database.ts";
import { SCHEMA_STEPS } from "../../src/store/sqlite/schema.ts";

/** Migrates a database from a version, with a next step that never ends: made to be killed. */
const [path = "", version = "0"] = process.argv.slice(2);
const steps = SCHEMA_STEPS.map((step, index) =>
  index === Number(version)
    ? `${step}; CREATE TABLE endless AS
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n`
    : step,
);
migrateFrom(Number(version), Connection.toWrite(path), steps);
