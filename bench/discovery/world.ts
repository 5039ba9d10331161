/** Three machines on one switch: two for nodes, and one for the server between them. */
import type { Lab } from "../../test/support/lab.ts";
import type { Node } from "../../test/support/node.ts";
import { withMachines } from "../cluster/gathering.ts";
import type { Backend, Flags } from "./backends.ts";

export interface World {
  readonly lab: Lab;
  readonly first: Node;
  readonly second: Node;
  readonly server: Node;
  /** What must be cleaned up before the machines are gone. */
  atEnd(task: () => void | Promise<void>): void;
}

/** Machines on which there is all that the backends need. */
export function withWorld<T>(
  backend: Backend,
  binary: string,
  work: (world: World, flags: Flags) => Promise<T>,
): Promise<T> {
  return withMachines({ nodes: 3, binary }, async (lab) => {
    const [first, second, server] = lab.nodes;
    if (!first || !second || !server) throw new Error("three machines were asked for");
    const endings: (() => void | Promise<void>)[] = [];
    const world = { lab, first, second, server, atEnd: (task: () => void) => endings.push(task) };
    try {
      return await work(world, await backend.setUp(world));
    } catch (error) {
      process.stderr.write(`${lab.logs()}\n`);
      throw error;
    } finally {
      await Promise.all([first.crash(), second.crash()]);
      for (const end of endings.toReversed()) await end();
    }
  });
}
