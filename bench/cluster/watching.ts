/** When all nodes of a cluster say the same, seen from outside without becoming their load. */
import { flawOf, hubIn } from "../../test/support/agreement.ts";
import type { Node } from "../../test/support/node.ts";

/** What a node says that all must say alike: the id of the hub. Throws what is wrong with it. */
export type Ask<Who> = (who: Who) => Promise<string>;

export interface Look {
  /** What all say; undefined when they did not in time. */
  readonly said: string | undefined;
  /** What is wrong, at the first one where something is; undefined when nothing is. */
  readonly flaw: string | undefined;
  readonly requests: number;
  /**
   * On the clock of `performance`, before the first of the requests that all were answered well.
   */
  readonly begunMs: number;
}

export interface Pace {
  /** Between two looks while something is wrong: the grain of the figures. */
  readonly lookMs: number;
  /** On the clock of `performance`. One look at least is taken. */
  readonly deadlineMs: number;
}

/**
 * Asks until all say the same in one pass, or the time is up. One is asked at a time, beginning
 * with the one that was wrong last, and the first flaw ends a pass: while a cluster is not whole
 * that is one small request in each `lookMs`.
 */
export async function untilAllSay<Who>(
  all: readonly Who[],
  ask: Ask<Who>,
  { lookMs, deadlineMs }: Pace,
): Promise<Look> {
  let queue = all;
  let requests = 0;
  for (;;) {
    const begunMs = performance.now();
    const { said, flaw, asked } = await passOver(queue, ask);
    requests += asked;
    if (flaw === undefined || performance.now() > deadlineMs) {
      return { said, flaw, requests, begunMs };
    }
    queue = [...queue.slice(asked - 1), ...queue.slice(0, asked - 1)];
    await Bun.sleep(lookMs);
  }
}

type Pass = Omit<Look, "begunMs" | "requests"> & { readonly asked: number };

async function passOver<Who>(queue: readonly Who[], ask: Ask<Who>): Promise<Pass> {
  let said: string | undefined;
  for (const [index, who] of queue.entries()) {
    const asked = index + 1;
    try {
      const answer = await ask(who);
      said ??= answer;
      if (answer !== said) return { said: undefined, flaw: "two say two things", asked };
    } catch (error) {
      const flaw = error instanceof Error ? error.message : String(error);
      return { said: undefined, flaw, asked };
    }
  }
  return { said, flaw: undefined, asked: queue.length };
}

/** Asks a node for its list, which must be exact for `nodes`. */
export function exactListOf(nodes: readonly Node[]): Ask<Node> {
  return async (node) => {
    const list = await node.servers();
    const flaw = flawOf(
      list,
      nodes.map(({ nodeId }) => nodeId),
    );
    const hub = hubIn(list);
    if (flaw !== undefined || hub === undefined) throw new Error(flaw ?? "no hub");
    return hub;
  };
}
