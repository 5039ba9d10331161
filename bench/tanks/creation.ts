/** How long it takes until a new tank is durable. */
import { print, printHead, printRow, quantile } from "../measure.ts";
import { endNode } from "../node.ts";
import { type Crowd, makeTanks, startAlone } from "./crowd.ts";
import { spread } from "./words.ts";

const PORT = 18_202;
/** For the compiler. */
const WARM_UP = 200;
const ROUNDS = 3;
const FISH = 50;

export interface CreationOptions {
  /** Of one round. */
  readonly creations: number;
  /** Of the loaded node. */
  readonly tanks: number;
}

/** Milliseconds of each creation. */
interface Times {
  readonly http: number[];
  readonly service: number[];
}

/** Each new tank is removed again before the next, so that their number stays. */
export async function benchCreation({ creations, tanks }: CreationOptions): Promise<void> {
  print(
    `Creation of a tank of ${FISH} fish, one after the other, ${ROUNDS} rounds of ${creations}; ` +
      "milliseconds, the median of the rounds with the least and the most. " +
      "The service's time is what the node itself measures from order to durability:",
  );
  print("");
  printHead("", "p50", "p95", "p99");
  const crowd = await startAlone({ port: PORT });
  await measure(crowd, WARM_UP);
  await printRounds("empty node", crowd, creations);
  await makeTanks(crowd, tanks, FISH);
  await measure(crowd, WARM_UP);
  await printRounds(`beside ${tanks} running tanks`, crowd, creations);
  await endNode(crowd.node);
  print("");
}

async function printRounds(name: string, crowd: Crowd, creations: number): Promise<void> {
  const rounds: Times[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await measure(crowd, creations));
  for (const [kind, label] of [
    ["http", "over HTTP"],
    ["service", "in the service"],
  ] as const) {
    const at = (share: number) =>
      spread(
        rounds.map((times) => quantile(times[kind], share)),
        1,
      );
    printRow(`${name}, ${label}`, at(0.5), at(0.95), at(0.99));
  }
}

async function measure({ api }: Crowd, creations: number): Promise<Times> {
  const times: Times = { http: [], service: [] };
  for (let i = 0; i < creations; i++) {
    const beganMs = performance.now();
    const answer = await api.send("POST", "/api/tanks", { name: "t", fish: FISH });
    const { tank } = await answer.json();
    times.http.push(performance.now() - beganMs);
    const timing = /dur=([\d.]+)/.exec(answer.headers.get("server-timing") ?? "");
    times.service.push(Number(timing?.[1]));
    await api.change("DELETE", `/api/tanks/${tank.tank_id}`);
  }
  return times;
}
