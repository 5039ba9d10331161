import type { Command } from "commander";
import { Problem } from "../../platform/errors.ts";
import { sleep } from "../../platform/timers.ts";
import type { CliContext } from "../context.ts";
import { findNode, type RunningNode, readNodeFile } from "../node-access/node-lookup.ts";

/**
 * A stopping node may drain for a minute (`--shutdown-delay`), and writes a last snapshot of every
 * tank: a thousand take two seconds on an SSD, and 32 s where each sync takes 20 ms, as on memory
 * cards. The units in deploy/systemd wait as long.
 */
const STOP_PATIENCE_MS = 150_000;
const POLL_MS = 25;

/** `tankd stop`: stops the running node and waits for its exit. */
export function defineStop(stop: Command, context: CliContext): void {
  stop.action(async (_options: unknown, command: Command) => {
    const { values } = context.settings(command, ["dataDir"]);
    const node = await findNode(context.host, values.dataDir);
    if (node.isElsewhere) throw elsewhere(node);
    terminate(context, node.pid);
    if (!(await ended(context, node.pid))) {
      throw new Problem(
        "conflict",
        `the node (pid ${node.pid}) has not stopped after ${STOP_PATIENCE_MS / 1000} s; ` +
          "see: tankd logs",
      );
    }
    if (readNodeFile(context.host, node.directory)?.pid === node.pid) {
      throw new Problem(
        "conflict",
        `the node (pid ${node.pid}) has ended, but not in order: what it had acknowledged is ` +
          "on the disk, a last snapshot may be missing; see: tankd logs",
      );
    }
    if (context.wantsJson(command)) {
      return context.printJson({ stopped: true, node_id: node.nodeId, pid: node.pid });
    }
    context.print(`Stopped the node of ${node.directory} (pid ${node.pid}).`);
  });
}

/** The process with that number here is another one. */
function elsewhere({ directory, pid }: RunningNode): Problem {
  return new Problem(
    "conflict",
    `the node of ${directory} has the pid ${pid} in another PID namespace, as in a container: ` +
      "stop it from there, or stop the container",
  );
}

function terminate(context: CliContext, pid: number): void {
  try {
    context.host.terminate(pid);
  } catch (error) {
    throw new Problem(
      "conflict",
      `the node (pid ${pid}) belongs to another user; stop it as that user or as root`,
      { cause: error },
    );
  }
}

async function ended(context: CliContext, pid: number): Promise<boolean> {
  const { host } = context;
  const deadlineMs = host.clock.monotonicMs() + STOP_PATIENCE_MS;
  while (host.isAlive(pid)) {
    if (host.clock.monotonicMs() > deadlineMs) return false;
    await sleep(host.timers, POLL_MS);
  }
  return true;
}
