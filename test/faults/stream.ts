import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { Prng } from "../../src/platform/simulated/prng.ts";
import { until } from "../support/commands.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import type { Answer, Client } from "./client.ts";
import { type Founding, type Promises, stampSchema, type Wish } from "./promises.ts";

/** Clients that ask at the same time. */
const CLIENTS = 5;
const TANKS_MIN = 3;
const TANKS_MAX = 6;
/** Small worlds: the same faults at a tenth of the CPU. */
const FOUNDERS_MAX = 12;
const PORTIONS_MAX = 40;
const FISH_PER_SPAWN_MAX = 2;
/** Before a refused client asks again. */
const PATIENCE_MS = 5;

const madeSchema = z.object({ tank: z.object({ tank_id: z.string() }) });
let foundings = 0;

export interface StreamOptions {
  /**
   * Whether tanks are made and removed; without, they are only made where there are none. Default:
   * yes.
   */
  readonly turnover?: boolean;
  /** Speeds that tanks are set to; default: none that makes a long replay. */
  readonly rates?: readonly number[];
}

/** As fast as it goes, once in ten: what a tank does in a second then, each start has to replay. */
export const ALL_RATES: readonly number[] = [0, 5, 30, 30, 30, 30, 30, 100, 100, 300];
const CALM_RATES: readonly number[] = [5, 30, 60];

/** Clients that command the tanks of one life of a node for as long as it answers. */
export class Stream {
  readonly #turnover: boolean;
  readonly #rates: readonly number[];
  readonly #client: Client;
  readonly #promises: Promises;
  readonly #random: Prng;
  readonly #ended: Promise<unknown>;
  readonly #refusals: string[] = [];
  #stopped = false;
  #answers = 0;
  #inFlight = 0;
  #onAnswer: (answers: number) => void = () => {};

  constructor(client: Client, promises: Promises, random: Prng, options: StreamOptions = {}) {
    this.#turnover = options.turnover ?? true;
    this.#rates = options.rates ?? CALM_RATES;
    this.#client = client;
    this.#promises = promises;
    this.#random = random;
    this.#ended = Promise.all(Array.from({ length: CLIENTS }, () => this.#commandOn()));
  }

  /** Requests that are sent and not answered. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get answers(): number {
    return this.#answers;
  }

  /** The types of the refusals that were heard. */
  get refusals(): readonly string[] {
    return this.#refusals;
  }

  /** Calls back inside the very task in which the answer with this number comes. */
  atAnswer(number: number, action: () => void): void {
    this.#onAnswer = (answers) => {
      if (answers === number) action();
    };
  }

  /**
   * Resolves when so many more have been answered with success; a bound on failure ends the wait.
   */
  async answered(more: number): Promise<void> {
    const goal = this.#answers + more;
    await until(`${more} more commands are acknowledged`, PROMPTLY_MS, async () => {
      return this.#answers >= goal;
    });
  }

  /** Asks for nothing more; resolves when every request has its answer or will get none. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #commandOn(): Promise<void> {
    while (!this.#stopped) {
      const answer = await this.#commandOnce();
      if (answer === "lost") return;
      if (answer === "refused") await wait(PATIENCE_MS);
    }
  }

  #commandOnce(): Promise<Answer["kind"]> {
    const { tankIds } = this.#promises;
    const draw = this.#random.unit();
    const tankId = tankIds[Math.floor(this.#random.unit() * tankIds.length)];
    if (tankId === undefined) return this.#create();
    if (this.#turnover) {
      if (draw < 0.02 && tankIds.length < TANKS_MAX) return this.#create();
      if (draw > 0.985 && tankIds.length > TANKS_MIN) return this.#remove(tankId);
    }
    return this.order(tankId, this.#wish());
  }

  #wish(): Wish {
    const draw = this.#random.integer(1, 100);
    if (draw <= 55) return { kind: "feed", portions: this.#random.integer(1, PORTIONS_MAX) };
    if (draw <= 70) return { kind: "spawn", fish: this.#random.integer(1, FISH_PER_SPAWN_MAX) };
    if (draw <= 77) return { kind: "pause" };
    if (draw <= 90) return { kind: "resume" };
    const rate = this.#rates[this.#random.integer(0, this.#rates.length - 1)] ?? 30;
    return { kind: "set_tick_rate", ticksPerSecond: rate };
  }

  /** Asks for one thing more than the clients do. */
  async order(tankId: string, wish: Wish): Promise<Answer["kind"]> {
    this.#promises.asked(tankId, wish);
    const answer = await this.#ask("POST", `/api/tanks/${tankId}/${routeOf(wish)}`, bodyOf(wish));
    if (answer.kind === "done") {
      this.#promises.did(tankId, wish, stampSchema.parse(answer.body));
    } else if (answer.kind === "refused") this.#promises.refused(tankId, wish);
    return answer.kind;
  }

  async #create(): Promise<Answer["kind"]> {
    const founding: Founding = {
      name: `tank ${++foundings}`,
      fish: this.#random.integer(0, FOUNDERS_MAX),
      seed: this.#random.u32(),
    };
    this.#promises.askedToCreate(founding);
    const answer = await this.#ask("POST", "/api/tanks", founding);
    if (answer.kind === "done") {
      this.#promises.created(madeSchema.parse(answer.body).tank.tank_id, founding);
    } else if (answer.kind === "refused") this.#promises.refusedToCreate(founding);
    return answer.kind;
  }

  async #remove(tankId: string): Promise<Answer["kind"]> {
    this.#promises.askedToRemove(tankId);
    const answer = await this.#ask("DELETE", `/api/tanks/${tankId}`);
    if (answer.kind === "done") this.#promises.removed(tankId);
    else if (answer.kind === "refused") this.#promises.refusedToRemove(tankId);
    return answer.kind;
  }

  async #ask(method: "POST" | "DELETE", path: string, body?: unknown): Promise<Answer> {
    this.#inFlight++;
    const answer = await this.#client.change(method, path, body);
    this.#inFlight--;
    if (answer.kind === "refused") this.#refusals.push(answer.problem.type);
    if (answer.kind === "done") this.#onAnswer(++this.#answers);
    return answer;
  }
}

function routeOf(wish: Wish): string {
  return wish.kind === "set_tick_rate" ? "speed" : wish.kind;
}

function bodyOf(wish: Wish): unknown {
  if (wish.kind === "set_tick_rate") return { tick_rate: wish.ticksPerSecond };
  const { kind: _, ...fields } = wish;
  return fields;
}
