import { Database } from "bun:sqlite";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { Prng } from "../../src/platform/simulated/prng.ts";
import type { TankRow } from "../../src/store/rows.ts";
import { Client } from "./client.ts";
import { fingerprint } from "./fingerprint.ts";
import { Node } from "./node.ts";
import { Trial } from "./trial.ts";

const recoveredSchema = z.looseObject({ tank_id: z.string(), digest: z.string() });
const stoppedSchema = z.looseObject({ tank_id: z.string(), reason: z.string() });
const TANKS = 3;
/** Files that a start leaves, also one that is refused. */
const TRACES = ["pid", "node.json", "lock-journal", "tankd.db-shm"];

/**
 * A data directory as a killed node has left it: two snapshots of each tank, and a log after them.
 */
export class Template implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "tankd-template-"));
  /** The same before its last life, cleanly stopped: what a stale disk gives back. */
  readonly earlier = mkdtempSync(join(tmpdir(), "tankd-earlier-"));
  tanks: readonly TankRow[] = [];
  /** What each tank comes back as while nothing is damaged. */
  digests: ReadonlyMap<string, string> = new Map();

  static async make(...options: readonly string[]): Promise<Template> {
    const template = new Template();
    await using trial = new Trial({ options });
    const random = new Prng(1, "template");
    for (const end of ["stop", "stop", "crash"] as const) {
      if (end === "crash") cpSync(trial.data, template.earlier, { recursive: true });
      const node = trial.start();
      const client = await trial.serve(node);
      while (trial.promises.tankIds.length < TANKS) {
        const founding = { name: `t${trial.promises.tankIds.length}`, fish: 6, seed: 1 };
        const made = await client.change("POST", "/api/tanks", founding);
        if (made.kind !== "done") throw new Error("no tank was made");
        const { tank } = z.object({ tank: z.object({ tank_id: z.string() }) }).parse(made.body);
        trial.promises.created(tank.tank_id, founding);
      }
      const stream = trial.stream(client, random, { turnover: false });
      await stream.answered(60);
      await stream.stop();
      await node[end]();
      trial.compare();
    }
    cpSync(trial.data, template.directory, { recursive: true });
    using look = new Wreck(template);
    const node = look.start();
    await node.healthy;
    template.tanks = look.rows<TankRow>("SELECT * FROM tanks ORDER BY ordinal");
    template.digests = new Map(
      node.said("tank recovered").map((line) => {
        const { tank_id, digest } = recoveredSchema.parse(line);
        return [tank_id, digest];
      }),
    );
    await node.crash();
    return template;
  }

  [Symbol.dispose](): void {
    for (const path of [this.directory, this.earlier]) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}

/** What a start makes of a damaged directory. */
export interface Outcome {
  /** The one sentence of a start that was refused. */
  readonly refusal: string | undefined;
  /** Why each tank that is stopped is stopped, by number of the tank. */
  readonly stopped: Readonly<Record<number, string>>;
  /** Numbers of the tanks that are as they were. */
  readonly whole: readonly number[];
  /** What it warned of. */
  readonly warnings: readonly string[];
}

/** A copy of the template to be damaged. */
export class Wreck implements Disposable {
  readonly directory: string;
  readonly #home = mkdtempSync(join(tmpdir(), "tankd-wreck-"));
  readonly #template: Template;
  #node: Node | undefined;
  #mayOpen = false;

  constructor(template: Template) {
    this.#template = template;
    this.directory = join(this.#home, "data");
    cpSync(template.directory, this.directory, { recursive: true });
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** The id of a tank, by its number from 0. */
  tank(number: number): string {
    return this.#template.tanks[number]?.tank_id ?? "";
  }

  /** Files of a tank's snapshots, newest first. */
  snapshots(number: number): readonly string[] {
    const folder = `snapshots/${this.tank(number)}`;
    const seqOf = (name: string) => Number(name.split("-")[0]);
    return readdirSync(this.path(folder))
      .sort((a, b) => seqOf(b) - seqOf(a))
      .map((name) => `${folder}/${name}`);
  }

  flip(name: string, offset: number): void {
    const bytes = readFileSync(this.path(name));
    const at = offset < 0 ? bytes.length + offset : offset;
    bytes[at] = (bytes[at] ?? 0) ^ 0x55;
    writeFileSync(this.path(name), bytes);
  }

  truncate(name: string, share: number): void {
    const bytes = readFileSync(this.path(name));
    writeFileSync(this.path(name), bytes.subarray(0, Math.floor(bytes.length * share)));
  }

  size(name: string): number {
    return statSync(this.path(name)).size;
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true });
  }

  copy(from: string, to: string): void {
    cpSync(this.path(from), this.path(to));
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  /** The file as it was before the last life of the template. */
  earlier(name: string): Buffer {
    return readFileSync(join(this.#template.earlier, name));
  }

  /** Writes bytes into a file, at an offset. */
  patch(name: string, offset: number, bytes: Uint8Array): void {
    const file = this.read(name);
    file.set(bytes, offset);
    writeFileSync(this.path(name), file);
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.path(name), content);
  }

  rows<Row>(query: string): readonly Row[] {
    const database = new Database(this.path("tankd.db"), { readonly: true });
    try {
      return database.query<Row, []>(query).all();
    } finally {
      database.close(true);
    }
  }

  /** Changes the database as somebody with a shell would; its write-ahead log goes home by that. */
  sql(...statements: readonly string[]): void {
    const database = new Database(this.path("tankd.db"), { strict: true });
    database.run("PRAGMA foreign_keys = ON");
    for (const statement of statements) database.run(statement);
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close(true);
  }

  start(): Node {
    this.#node = new Node({ directory: this.directory, options: ["--tanks", "0"] });
    return this.#node;
  }

  /**
   * Starts a node on it. Whatever comes of it must be said: each tank is as it was, or is stopped
   * with a reason in log and API, or the start ends with one sentence and has changed nothing; with
   * `mayOpen` it may have opened the database to find out.
   */
  async outcome(options: { readonly mayOpen?: boolean } = {}): Promise<Outcome> {
    this.#mayOpen = options.mayOpen === true;
    const before = fingerprint(this.directory);
    const node = this.start();
    const url = await node.healthy.catch(() => undefined);
    if (url === undefined) return this.#refused(node, before);
    const client = new Client(url, node.token);
    const shown = await client.tanks();
    const outcome = this.#risen(
      node,
      new Map(shown.map(({ tank }) => [tank.tank_id, tank.status])),
    );
    const { exitCode } = await node.stop();
    if (exitCode !== 0 || node.complaints.length > 0) throw new Error(node.tail());
    return outcome;
  }

  async #refused(node: Node, before: Readonly<Record<string, string>>): Promise<Outcome> {
    const { exitCode } = await node.ended;
    const [refusal, ...more] = node.complaints;
    if (exitCode !== 1 || refusal === undefined || more.length > 0) {
      throw new Error(`exit ${exitCode}: ${node.tail()}`);
    }
    const after = fingerprint(this.directory);
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      // Who has tried is no harm to what there is.
      if (TRACES.includes(name)) continue;
      // A database that was opened has its write-ahead log brought home, and says the same as
      // before.
      if (this.#mayOpen && name.startsWith("tankd.")) continue;
      if (before[name] !== after[name]) throw new Error(`the refused start has changed ${name}`);
    }
    return { refusal, stopped: {}, whole: [], warnings: [] };
  }

  #risen(node: Node, shown: ReadonlyMap<string, string>): Outcome {
    const recovered = new Map(
      node.said("tank recovered").map((line) => {
        const { tank_id, digest } = recoveredSchema.parse(line);
        return [tank_id, digest];
      }),
    );
    const reasons = new Map(
      node.said("tank stopped").map((line) => {
        const { tank_id, reason } = stoppedSchema.parse(line);
        return [tank_id, reason];
      }),
    );
    const stopped: Record<number, string> = {};
    const whole: number[] = [];
    for (const [number, { tank_id }] of this.#template.tanks.entries()) {
      const reason = reasons.get(tank_id);
      if (reason !== undefined) {
        if (shown.get(tank_id) !== "stopped")
          throw new Error("a tank that is stopped is not shown so");
        stopped[number] = reason;
      } else if (recovered.get(tank_id) === this.#template.digests.get(tank_id)) whole.push(number);
    }
    const warnings = node.lines.flatMap((line) => {
      const { level, msg } = line;
      return level === "warn" || level === "error" ? [`${msg}: ${JSON.stringify(line)}`] : [];
    });
    return { refusal: undefined, stopped, whole, warnings };
  }

  [Symbol.dispose](): void {
    this.#node?.signal("SIGKILL");
    rmSync(this.#home, { recursive: true, force: true });
  }
}
