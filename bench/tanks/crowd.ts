/** A node full of tanks. */
import { z } from "zod";
import type { NodeApi } from "../../test/support/node-api.ts";
import type { NodeProcess } from "../../test/support/node-process.ts";
import { isHealthy, type NodeOptions, startNode, until } from "../node.ts";

/** Requests that change something at the same time: their commits travel together. */
const AT_ONCE = 16;

const madeSchema = z.object({ tank: z.object({ tank_id: z.string() }) });

export interface Crowd {
  readonly node: NodeProcess;
  readonly api: NodeApi;
  readonly pid: number;
}

/** A node without tanks that nobody else speaks to. */
export async function startAlone(options: NodeOptions, ...flags: string[]): Promise<Crowd> {
  const node = startNode(
    options,
    ...["--discovery", "none", "--no-auto-connect", "--tanks", "0"],
    ...flags,
  );
  await until(node, "/health", isHealthy);
  return { node, api: node.api, pid: node.pid };
}

let tanksMade = 0;

/** The ids of so many new tanks. */
export async function makeTanks({ api }: Crowd, count: number, fish = 50): Promise<string[]> {
  return eachOf(Array.from({ length: count }), async () => {
    const spec = { name: `t${++tanksMade}`, fish };
    return madeSchema.parse(await api.change("POST", "/api/tanks", spec)).tank.tank_id;
  });
}

/** The same command to each of these tanks. */
export async function tellAll(
  { api }: Crowd,
  tanks: readonly string[],
  route: string,
  body: unknown = {},
): Promise<void> {
  await eachOf(tanks, (id) => api.change("POST", `/api/tanks/${id}/${route}`, body));
}

/** Work on each, some at a time; results in the order of the items. */
export async function eachOf<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const place = next++;
      results[place] = await work(items[place] as Item);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}
