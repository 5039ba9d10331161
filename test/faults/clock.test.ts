import { expect } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { Prng } from "../../src/platform/simulated/prng.ts";
import { until } from "../support/commands.ts";
import { requiredTest } from "../support/required-test.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { Client } from "./client.ts";
import { Trial } from "./trial.ts";

const TIMEOUT_MS = 120_000;
/** Debian's package faketime: shifts the wall clock of a program by what stands in a file. */
const LIBRARY = findLibrary();

function findLibrary(): string | undefined {
  for (const folder of existsSync("/usr/lib") ? readdirSync("/usr/lib") : []) {
    const path = `/usr/lib/${folder}/faketime/libfaketime.so.1`;
    if (existsSync(path)) return path;
  }
  return undefined;
}

/** The wall clock of one node; its monotonic clock goes on as on any machine whose time is set. */
class WallClock implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "tankd-clock-"));
  readonly #file = join(this.#directory, "shift");

  constructor() {
    this.shift("+0");
  }

  get environment(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: LIBRARY ?? "",
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** E.g. `+5y`, `-3h`: from now on, against the true time. */
  shift(by: string): void {
    const next = `${this.#file}.next`;
    writeFileSync(next, `${by}\n`);
    renameSync(next, this.#file);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Draws are every 2 s. */
const ARRIVAL_MS = 60_000;
const serversSchema = z.object({ servers: z.array(z.object({ status: z.string() })) });
const timeSchema = z.looseObject({ timestamp: z.string() });
const HOUR_MS = 3_600_000;

function clockTest(name: string, run: () => Promise<void>): void {
  const missing = LIBRARY === undefined ? "libfaketime is missing (Debian: faketime)" : undefined;
  requiredTest(`a clock that jumps by hours and years: ${name}`, missing, run, {
    timeoutMs: TIMEOUT_MS,
  });
}

clockTest("tanks tick on, and nothing is lost", async () => {
  using clock = new WallClock();
  await using trial = new Trial({ environment: clock.environment });
  const random = new Prng(1, "clock");
  for (const life of [0, 1]) {
    const node = trial.start();
    const client = await trial.serve(node);
    const stream = trial.stream(client, random, { turnover: false });
    for (const shift of ["+3h", "-5h", "+5y", "-20y", "+0"]) {
      clock.shift(shift);
      await stream.answered(10);
      const { body } = await client.read("/health");
      const shownMs = Date.parse(timeSchema.parse(body).timestamp);
      // That the shift has arrived at all.
      const isShifted = Math.abs(shownMs - Date.now()) > HOUR_MS;
      expect([shift, isShifted]).toEqual([shift, shift !== "+0"]);
      await stream.order(trial.promises.tankIds[0] ?? "", { kind: "resume" });
      const before = await ticksOf(client.url);
      await until(`tanks tick at ${shift}`, PROMPTLY_MS, async () => {
        return (await ticksOf(client.url)) > before + 20;
      });
      expect(await client.unready()).not.toContain("storage");
    }
    // The next life begins in another year.
    clock.shift(life === 0 ? "-9y" : "+9y");
    await node.crash();
    await stream.stop();
    expect(node.complaints).toEqual([]);
    const errors = node.lines.filter(({ level }) => level === "error");
    expect(errors).toEqual([]);
    trial.compare();
  }
  await trial.endWell();
  expect(trial.witness.digests).toBeGreaterThan(0);
});

clockTest("two nodes stay one cluster, and fish go on arriving", async () => {
  using clock = new WallClock();
  await using first = new Trial({ options: ["--tanks", "1", "--fish", "40", "--no-auto-connect"] });
  await using second = new Trial({
    options: ["--tanks", "1", "--fish", "40"],
    environment: clock.environment,
  });
  const hub = first.start();
  const hubUrl = await hub.healthy;
  await hub.hear("role decided");
  const worker = second.start("--hub", hubUrl);
  const client = new Client(await worker.healthy, worker.token);
  await worker.hear("role decided");
  const [source] = await client.tanks();
  const [destination] = await new Client(hubUrl, hub.token).tanks();
  const tanks = {
    source_tank_id: source?.tank.tank_id,
    destination_tank_id: destination?.tank.tank_id,
  };
  const connection = { ...tanks, probability: 100, direction: "both" };
  expect(await client.change("POST", "/api/connections", connection)).toMatchObject({
    kind: "done",
  });
  for (const shift of ["+0", "+5y", "-20y"]) {
    clock.shift(shift);
    const before = await deliveredBy(client);
    await until(`fish arrive at ${shift}`, ARRIVAL_MS, async () => {
      return (await deliveredBy(client)) > before;
    });
    expect(await onlineAt(hubUrl)).toBe(2);
    expect(await onlineAt(client.url)).toBe(2);
  }
  for (const node of [worker, hub])
    expect(await node.stop()).toEqual({ exitCode: 0, signal: null });
});

async function deliveredBy(client: Client): Promise<number> {
  const { body } = await client.read("/api/transfers?state=delivered&limit=1000");
  return z.object({ count: z.number() }).parse(body).count;
}

async function onlineAt(url: string): Promise<number> {
  const { servers } = serversSchema.parse(await (await fetch(`${url}/api/servers`)).json());
  return servers.filter(({ status }) => status === "online").length;
}

async function ticksOf(url: string): Promise<number> {
  const schema = z.object({ tanks: z.array(z.object({ tank: z.object({ tick: z.number() }) })) });
  const { tanks } = schema.parse(await (await fetch(`${url}/api/tanks`)).json());
  return tanks.reduce((sum, { tank }) => sum + tank.tick, 0);
}
