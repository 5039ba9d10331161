import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Prng } from "../../src/platform/simulated/prng.ts";
import { run } from "../support/commands.ts";
import { cleanEnvironment, TANKD } from "../support/tankd.ts";
import { Client } from "./client.ts";
import { lookAt } from "./disk.ts";
import { Node } from "./node.ts";
import { Promises } from "./promises.ts";
import { Stream, type StreamOptions } from "./stream.ts";
import { Witness } from "./witness.ts";

const recoveredSchema = z.looseObject({
  tank_id: z.string(),
  seq: z.number(),
  tick: z.number(),
  digest: z.string(),
  from_memory: z.boolean(),
});

export interface TrialOptions {
  /** The data directory as the node sees it; a temporary one without. */
  readonly data?: string;
  /** The same as the test sees it, where that differs. */
  readonly seen?: string;
  readonly under?: readonly string[];
  readonly options?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * One data directory over all the lives of its node, with everything that the node has promised,
 * and a replay of every tank from its creation to hold it against.
 */
export class Trial implements AsyncDisposable {
  readonly promises = new Promises();
  readonly witness = new Witness();
  /** As the test sees it. */
  readonly data: string;
  readonly #home = mkdtempSync(join(tmpdir(), "tankd-trial-"));
  readonly #options: TrialOptions;
  readonly #directory: string;
  #node: Node | undefined;

  constructor(options: TrialOptions = {}) {
    this.#options = options;
    this.#directory = options.data ?? join(this.#home, "data");
    this.data = options.seen ?? this.#directory;
    mkdirSync(join(this.#home, "copy"));
  }

  /** A new life. Its tanks are made by clients alone, unless `options` say otherwise. */
  start(...options: readonly string[]): Node {
    const { under = [], environment = {} } = this.#options;
    this.#node = new Node({
      directory: this.#directory,
      seen: this.data,
      under,
      environment,
      options: ["--tanks", "0", ...(this.#options.options ?? []), ...options],
    });
    return this.#node;
  }

  /** The end of what the last life said. */
  get lastWords(): string {
    return this.#node?.tail() ?? "";
  }

  /** Waits until a life is healthy, compares what it has brought back, and speaks to it. */
  async serve(node: Node): Promise<Client> {
    const client = new Client(await node.healthy, node.token);
    this.#confirmRecovery(node);
    return client;
  }

  stream(client: Client, random: Prng, options: StreamOptions = {}): Stream {
    return new Stream(client, this.promises, random, options);
  }

  /** Everything that is on the disk of a dead node against everything that is known about it. */
  compare(): void {
    lookAt(this.data, join(this.#home, "copy"), (disk) => {
      this.promises.compareTanks(disk.tanks);
      this.witness.forgetAllBut(disk.tanks.map(({ tank_id }) => tank_id));
      for (const row of disk.tanks) {
        const droppedUpTo = this.witness.follow(row, disk);
        this.promises.compareLog(row, disk.log(row.tank_id), droppedUpTo);
      }
    });
  }

  /**
   * The last life, not killed: every tank comes back, runs, and is stopped cleanly, with nothing
   * lost.
   */
  async endWell(): Promise<void> {
    const node = this.start();
    const client = await this.serve(node);
    const stopped = (await client.tanks()).filter(({ tank }) => tank.status === "stopped");
    if (stopped.length > 0) throw new Error(`tanks are stopped: ${JSON.stringify(stopped)}`);
    const { exitCode } = await node.stop();
    if (exitCode !== 0)
      throw new Error(`the node stops with exit code ${exitCode}\n${node.tail()}`);
    this.compare();
  }

  /**
   * What `tankd replay --verify` finds of every tank, from its creation, where the whole log is
   * kept.
   */
  async verify(): Promise<void> {
    for (const tankId of this.promises.tankIds) {
      const words = ["replay", tankId, "--verify", "--data-dir", this.#directory];
      const { exitCode, stderr } = await run([TANKD, ...words], { env: cleanEnvironment("/") });
      if (exitCode !== 0) throw new Error(`tankd ${words.join(" ")}: exit ${exitCode}: ${stderr}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#node?.crash();
    rmSync(this.#home, { recursive: true, force: true });
  }

  /** What a start says it has brought back must be all there is, where the log ends, bit by bit. */
  #confirmRecovery(node: Node): void {
    const recovered = node.said("tank recovered").map((line) => recoveredSchema.parse(line));
    for (const { tank_id, seq, tick, digest, from_memory } of recovered) {
      if (from_memory) {
        this.witness.confirmAhead(tank_id, { seq, tick, digest });
        continue;
      }
      const end = this.witness.endOf(tank_id);
      if (end.seq !== seq || end.tick !== tick) {
        throw new Error(`${tank_id} came back at ${seq}, tick ${tick}, not ${JSON.stringify(end)}`);
      }
      this.witness.confirm(tank_id, { seq, tick, digest });
    }
    const ids = recovered.map(({ tank_id }) => tank_id).sort();
    const expected = [...this.promises.tankIds].sort();
    if (!Bun.deepEquals(ids, expected)) throw new Error(`recovered are ${ids}, not ${expected}`);
  }
}
