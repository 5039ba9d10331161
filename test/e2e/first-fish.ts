import { until } from "../support/commands.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";

/**
 * Starts a node and says how long it was until a fish of it had arrived elsewhere, or one of
 * another here. An earlier design documents 5 s and up to 30 s for finding its server alone.
 * A draw is every 2 s at 25 %, and none is in the first 3 s.
 */
export async function timeToFirstFish(
  what: string,
  node: Node,
  options: readonly string[],
  environment: Record<string, string> = {},
): Promise<number> {
  const startedMs = performance.now();
  node.start(options, environment);
  await node.ready();
  await until(`${what}: a fish has travelled`, PROMPTLY_MS, async () => {
    const transfers = await node.transfers();
    return transfers.some(({ state }) => state === "delivered" || state === "accepted");
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  process.stderr.write(`${what}: first fish after ${seconds.toFixed(1)} s\n`);
  return seconds;
}
