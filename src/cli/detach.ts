import { join } from "node:path";
import { z } from "zod";
import { prepareDirectory } from "../platform/real/data-directory.ts";
import { sleep } from "../platform/timers.ts";
import { NodeClient } from "./client.ts";
import type { CliContext } from "./context.ts";
import { CommandFailure } from "./failure.ts";
import type { DetachedProcess } from "./host.ts";
import { LOG_FILE } from "./logs.ts";
import { type RunningNode, readNodeFile } from "./node-lookup.ts";

const POLL_MS = 20;
/** Recovery of many tanks takes its time; the node goes on when we stop waiting for it. */
const PATIENCE_MS = 120_000;

const healthSchema = z.object({ status: z.string() });

/** Starts this program again in the background and waits until it is healthy or dead. */
export async function startDetached(
  context: CliContext,
  directory: string,
  json: boolean,
): Promise<void> {
  const { host } = context;
  prepareDirectory(directory);
  const logPath = join(directory, LOG_FILE);
  const logStart = host.sizeOf(logPath) ?? 0;
  const child = host.detach(
    host.commandLine.filter((word) => word !== "-d" && word !== "--detach"),
    logPath,
  );
  const node = await healthyOrDead(context, child, directory, logPath, logStart);
  if (json) {
    return context.printJson({
      url: node.url,
      node_id: node.nodeId,
      pid: node.pid,
      data_dir: directory,
      log: logPath,
    });
  }
  context.print(`tankd runs in the background (pid ${node.pid}).`);
  context.print(`Dashboard: ${context.paint("bold", `${node.url}/`)}`);
  context.print(`Log:       ${logPath}`);
}

async function healthyOrDead(
  context: CliContext,
  child: DetachedProcess,
  directory: string,
  logPath: string,
  logStart: number,
): Promise<RunningNode> {
  const { host } = context;
  let exitCode: number | undefined;
  void child.exited.then((code) => {
    exitCode = code;
  });
  const deadlineMs = host.clock.monotonicMs() + PATIENCE_MS;
  while (host.clock.monotonicMs() < deadlineMs) {
    if (exitCode !== undefined) {
      throw new CommandFailure(lastWords(context, logPath, logStart), exitCode || 1);
    }
    const node = readNodeFile(host, directory);
    if (node?.pid === child.pid && (await isHealthy(context, node))) return node;
    await sleep(host.timers, POLL_MS);
  }
  throw new CommandFailure(
    `the node (pid ${child.pid}) still recovers its tanks after ${PATIENCE_MS / 1000} s and goes on; see: tankd logs`,
    1,
  );
}

async function isHealthy(context: CliContext, node: RunningNode): Promise<boolean> {
  const client = new NodeClient(context.host.network, node.url, undefined);
  const answer = await client.get("/health").catch(() => undefined);
  return healthSchema.safeParse(answer).data?.status === "healthy";
}

/** What the child said about its end. */
function lastWords(context: CliContext, logPath: string, from: number): string {
  const text = new TextDecoder().decode(context.host.readFrom(logPath, from));
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const said = lines.findLast((line) => line.startsWith("tankd: ")) ?? lines.at(-1);
  return said?.replace(/^tankd: /, "") ?? `the node ended without a word; see ${logPath}`;
}
