import { Database } from "bun:sqlite";
import { SCHEMA_STEPS } from "../../src/store/sqlite/schema.ts";

/**
 * What a database of each version may hold, in the SQL of that version, written when the step was
 * and frozen with it. Whoever adds a step to `schema.ts` adds an entry here: the SHA-256 of the
 * step, and rows for every table and column that it brings. `migrations.test.ts` opens each with
 * the present code and asks for everything.
 *
 * A step whose checksum does not hold any more was edited. Databases of people have had the old
 * one: take the edit back and write a further step.
 */
export interface OldVersion {
  readonly stepSha256: string;
  readonly rows: string;
}

export const OLD_VERSIONS: readonly OldVersion[] = [
  {
    stepSha256: "dfbc442ef32674fc84a5a0949e4aec03752e7840747c0129a70af4e8e2f9b242",
    rows: `
      INSERT INTO meta VALUES ('term', '{"counter":3,"node_id":"n1"}'),
        ('lowest_undecided n9 t9 0123456789abcdef', '4');
      INSERT INTO tanks
        (tank_id, name, description, created_at, seed, fish, tank_key, epoch, ordinal)
        VALUES
        ('0123456789abcdef', 'reef', 'the first', 1700000000000, 7, 50, 'aaaaaaaaaaaaaaaa', 1, 1);
      INSERT INTO log VALUES
        ('0123456789abcdef', 1, 0, 'mark', x'', 'd1', 'c1', 1),
        ('0123456789abcdef', 2, 40, 'feed', x'7b7d', NULL, 'c2', 1);
      INSERT INTO snapshots
        (tank_id, seq, tick, digest, file, bytes, engine_version, log_checksum, created_at) VALUES
        ('0123456789abcdef', 1, 20, 'd1', 'snapshots/x/1-20.snapshot', 99, 1, 'c1', 1700000000001);
      INSERT INTO connections
        (connection_id, source_tank_id, destination_tank_id, destination_node_id, probability,
         direction, origin, created_at) VALUES
        ('c1', '0123456789abcdef', 't2', 'n2', 12.5, 'both', 'auto', 1700000000002);
      INSERT INTO outbox
        (place, transfer_id, source_tank_id, destination_tank_id, destination_node_id,
         connection_id, entity_type, entity_id, side, record, record_digest, sequence, state,
         attempts, reason, created_at, updated_at) VALUES
        (1, 'x1', '0123456789abcdef', 't2', 'n2', 'c1', 'fish', 'f1', 'left', x'0102', 'r1', 1,
         'pending', 2, NULL, 1700000000003, 1700000000004);
      INSERT INTO inbox VALUES
        (1, 'x2', 't9', 'n9', '0123456789abcdef', 'fish', 'f2', 'r2', 1, 'refused', 'full', 1,
         1700000000005);
      INSERT INTO transfer_events VALUES (1, 'x1', 1700000000006, 'initiated', 'sent');
      INSERT INTO registry VALUES ('n2', '{"server_id":"two"}');
    `,
  },
  {
    stepSha256: "7eb1edf061fce8e87a90adb52ba2b58700f2c1660fe576953953e9ae6fbb0787",
    rows: "INSERT INTO horizons VALUES ('n9', 't9', '0123456789abcdef', 5);",
  },
  {
    stepSha256: "f3ff730f4f182f7646960263b78e427c668aa5e5c91476b1d65e78cd524c4d04",
    rows: `
      INSERT INTO tanks
        (tank_id, name, description, created_at, seed, fish, tank_key, epoch, ordinal, origin)
        VALUES
        ('fedcba9876543210', 'cave', '', 1700000000007, 8, 20, 'bbbbbbbbbbbbbbbb', 2, 2, 'forked');
      UPDATE journal SET id = 'cccccccccccccccc', position = 12;
    `,
  },
  {
    stepSha256: "1ddda43cac57bae2de6bf7bd7dea2a830b212baa926c3525a9478e15ec63298a",
    rows: `
      INSERT INTO remembered VALUES ('n2', 77, 'boot2', 'signed', 'transfer', 1700000000008);
    `,
  },
  {
    stepSha256: "c245a2a3f5c63bb32e14ff133c8d1757dc65c5cde26668dec08809ade9e89a95",
    rows: "INSERT INTO transfer_events VALUES (2, 'x1', 1700000000009, 'in_doubt', 'silent');",
  },
  {
    stepSha256: "68c445063bd62a853b0cf9c09de655b24f3c64f983318723ca240899e2ff9537",
    rows: `
      INSERT INTO snapshots VALUES ('0123456789abcdef', 2, 50, 'd2', 'snapshots/x/2-50.snapshot',
        98, 1, 'c2', 1700000000010, 300);
    `,
  },
  {
    stepSha256: "55dfdb4feb57b9531c47ab5057da7353791ad61d7b82f8976d871ffcde8d8a88",
    rows: `
      INSERT INTO inbox VALUES
        (2, 'x2', 't8', 'n8', '0123456789abcdef', 'plant', 'p1', 'r2', 1, 'accepted', NULL, 1,
         1700000000005);
    `,
  },
  {
    stepSha256: "fa41787c13172c887e9ae4efa9074bbb076b73b9dd7ed2732b7b0e65ab52295b",
    rows: `
      INSERT INTO transfer_counts VALUES
        ('in', 'n9', 't9', '0123456789abcdef', 'fish', 'refused', 2);
    `,
  },
  {
    stepSha256: "57eeb80ae6a3603e5a71ddd460f0a0aba5acc84eae18f79ef8b59ad10ee18190",
    rows: `
      INSERT INTO connections
        (connection_id, source_tank_id, destination_tank_id, destination_node_id, probability,
         direction, origin, created_at, selection, count, rate, status, strategy,
         further_destinations) VALUES
        ('c2', '0123456789abcdef', 't3', 'n3', 100, 'left', 'manual', 1700000000011,
         'best:speed', 2, 10.5, 'paused', 'round-robin', '[["n4","t4"]]');
    `,
  },
  {
    stepSha256: "6301ec10ade6288d82500d2e55af37e064c1cce22df302cffaa25af3f13c033c",
    rows: `
      INSERT INTO connections
        (connection_id, source_tank_id, destination_tank_id, destination_node_id, probability,
         direction, origin, created_at, topology) VALUES
        ('c3', '0123456789abcdef', 't4', 'n4', 10, 'both', 'manual', 1700000000012, 'ring');
    `,
  },
  {
    stepSha256: "1434126e01cbdbcff66cc7b7dcc12e53392912643689d6c24679c67b21773c9a",
    rows: `
      UPDATE outbox SET source_node_id = 'n7' WHERE transfer_id = 'x1';
      INSERT INTO moves VALUES ('m1', 't5', 'lagoon', 'in', 'n2', 2, 'stored', 'd5', 55, NULL,
        1700000000013, 1700000000014);
      INSERT INTO moved_tanks VALUES ('t6', 3, 'n2', '[]', 1700000000015);
    `,
  },
  {
    stepSha256: "a6caf11e1cd571454a6e4d1a70f8b589d9faeded54d7181d8b41c4b4d6851089",
    rows: `
      INSERT INTO connections
        (connection_id, source_tank_id, destination_tank_id, destination_node_id, probability,
         direction, origin, created_at, mode, replacement) VALUES
        ('c4', '0123456789abcdef', 't5', 'n5', 10, 'both', 'manual', 1700000000013, 'copy', 'fair');
      INSERT INTO connection_counts VALUES ('c1', 'n2', 't2', 'delivered', 7, 1700000000014);
    `,
  },
];

/** A database as the tankd of that schema version has left it. */
export async function makeOldDatabase(path: string, version: number): Promise<void> {
  const database = new Database(path, { create: true });
  database.run("PRAGMA journal_mode = WAL");
  database.run("CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT");
  database.run("INSERT INTO schema_version VALUES (?)", [version]);
  for (const step of SCHEMA_STEPS.slice(0, version)) database.run(step);
  for (const { rows } of OLD_VERSIONS.slice(0, version)) database.run(rows);
  database.close();
}
